import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { RateLimited } from '../common/errors.js';
import { Config } from '../config/config.js';
import { addressGroup } from './address-group.js';
import { MinuteQuota } from './minute-quota.js';

/** So many tickets a minute for each key and address, on each node. */
@Injectable()
export class TicketQuota {
  private readonly quota: MinuteQuota;

  constructor(
    clock: Clock,
    private readonly config: Config,
  ) {
    this.quota = new MinuteQuota(config.ticketsPerMinute, clock);
  }

  /** @throws RateLimited */
  take(keyId: string, address: string): void {
    const waitMs = this.quota.take(`${keyId} ${addressGroup(address)}`);
    if (waitMs === null) return;
    const { ticketsPerMinute } = this.config;
    throw new RateLimited(
      `At most ${ticketsPerMinute} tickets a minute for one key and address. A ticket can be used again.`,
      waitMs,
    );
  }
}
