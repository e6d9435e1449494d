import { type Observable } from 'rxjs';
import { type EntityManager } from 'typeorm';

/**
 * Hints that an environment's log has moved. A hint may be lost, doubled or late, and carries no data: whoever gets one
 * reads the log.
 */
export abstract class WakeUps {
  /** Called in the writing transaction: the hint goes out when that commits, and never if it does not. */
  abstract announce(manager: EntityManager, environmentId: string): Promise<void>;

  /** Emits for each hint, and whenever hints may have been missed (the listener is connected anew). */
  abstract readonly hints: Observable<void>;

  /** Whether hints are arriving; false: the tail alone carries on. */
  abstract readonly listening: boolean;

  /** Starts to listen; resolves at once where that takes a while. */
  abstract start(): void;

  /** Hints received since start. */
  abstract readonly received: number;
}
