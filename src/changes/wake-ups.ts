import { type Observable } from 'rxjs';
import { type EntityManager } from 'typeorm';

/**
 * Whether hints arrive. `deaf`: the connection is there and nothing is heard on it, as behind a pooler that gives out connections for
 * a transaction.
 */
export type Hearing = 'ok' | 'disconnected' | 'deaf';

/**
 * Hints that an environment's log has moved. A hint may be lost, doubled or late, and carries no data: whoever gets one
 * reads the log.
 */
export abstract class WakeUps {
  /** Called in the writing transaction: the hint goes out when that commits, and never if it does not. */
  abstract announce(manager: EntityManager, environmentId: string): Promise<void>;

  /** Emits for each hint, and whenever hints may have been missed (the listener is connected anew). */
  abstract readonly hints: Observable<void>;

  /** Unless `ok` the tail alone carries on. */
  abstract readonly hearing: Hearing;

  /** Starts to listen; resolves at once where that takes a while. */
  abstract start(): void;

  /** Hints received since start. */
  abstract readonly received: number;
}
