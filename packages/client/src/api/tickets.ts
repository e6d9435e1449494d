import { type Clock } from '../platform.js';
import { type Credential } from '../transport/transport.js';

/** What `POST /sdk/ticket` answers; `expires_in` in seconds. */
export interface Ticket {
  readonly ticket: string;
  readonly expires_in: number;
}

/** Asks the application's backend. A text is good for one connection; with `expires_in`, it is used again until a tenth of that is left. */
export type TicketProvider = () => string | Ticket | Promise<string | Ticket>;

export class Tickets {
  #kept: { ticket: string; until: number } | null = null;
  readonly #provider: TicketProvider;
  readonly #clock: Clock;

  constructor(provider: TicketProvider, clock: Clock) {
    this.#provider = provider;
    this.#clock = clock;
  }

  /**
   * @param refused the last one was: another one is asked for.
   * @throws (rejects) with what the provider throws, and where it gives no ticket.
   */
  async credential(refused: boolean): Promise<Credential> {
    if (!refused && this.#kept !== null && this.#clock.now() < this.#kept.until) return { ticket: this.#kept.ticket };
    const given = await this.#provider();
    const { ticket, expires_in } = typeof given === 'string' ? { ticket: given, expires_in: 0 } : given;
    if (typeof ticket !== 'string' || ticket === '') throw new TypeError('the ticket function gave no ticket');
    this.#kept = { ticket, until: this.#clock.now() + expires_in * 900 };
    return { ticket };
  }
}
