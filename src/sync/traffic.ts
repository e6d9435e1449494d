import { Subject } from 'rxjs';
import { type Transport, TRANSPORTS } from './form.js';
import { type Outlet } from './outlet.js';

export type ByTransport = Record<Transport, number>;

const none = (): ByTransport => Object.fromEntries(TRANSPORTS.map((name) => [name, 0])) as ByTransport;

/** What connections have been sent since the start. */
export class Traffic {
  /** Change sets handed to connections that have everything before them. */
  readonly deliveries = none();
  /** Milliseconds that it took to hand what was read from the log to all of these. */
  readonly published = new Subject<number>();
  private readonly ended = none();

  /** Hands to everybody what was read. */
  timed(publish: () => void): void {
    const began = performance.now();
    publish();
    this.published.next(performance.now() - began);
  }

  delivered(transport: Transport, sets: number, connections: number): void {
    this.deliveries[transport] += sets * connections;
  }

  /** A connection is gone: what it was sent still counts. */
  noteEnd({ form, sent }: Outlet): void {
    this.ended[form.transport] += sent;
  }

  /** Bytes of frames, with those of the connections that are open. */
  bytes(open: Iterable<Outlet>): ByTransport {
    const sums = { ...this.ended };
    for (const { form, sent } of open) sums[form.transport] += sent;
    return sums;
  }
}
