import { Injectable } from '@nestjs/common';
import { type SdkPrincipal } from '../auth/principal.js';
import { StreamTokens } from '../auth/stream-tokens.js';
import { Clock } from '../common/clock.js';

const MINUTE_MS = 60_000;

/** What a bulk answer says of where its notices are, and of when it was made. */
@Injectable()
export class EventStreams {
  constructor(
    private readonly tokens: StreamTokens,
    private readonly clock: Clock,
  ) {}

  /** See `StreamTokens.day`. */
  get day(): number {
    return this.tokens.day;
  }

  /** Minutes since 1970. */
  get minute(): number {
    return Math.floor(this.clock.now() / MINUTE_MS);
  }

  /**
   * `eventStreams` of OFREP: without an origin, which is that of the address that the client has asked. The same text all day.
   * @throws DatabaseUnavailable where nothing can be signed yet.
   */
  async of(principal: SdkPrincipal, day: number): Promise<object[]> {
    return streamsBy(await this.tokens.issue(principal, day));
  }

  /** The same in this turn; null: see `StreamTokens.issueNow`. */
  ofNow(principal: SdkPrincipal, day: number): object[] | null {
    const token = this.tokens.issueNow(principal, day);
    return token === null ? null : streamsBy(token);
  }
}

function streamsBy(token: string): object[] {
  return [{ type: 'sse', endpoint: { requestUri: `/ofrep/v1/stream?token=${token}` } }];
}
