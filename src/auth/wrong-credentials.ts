import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { RateLimited, Unauthenticated } from '../common/errors.js';
import { Config } from '../config/config.js';
import { addressGroup } from './address-group.js';
import { MinuteQuota } from './minute-quota.js';

/**
 * Refusals of a credential that opens nothing anywhere. None at all, a good one at the wrong door, and a good one without the
 * scope are not among them. Malformed ones are: the token of the environment has no form, so that guesses at it have none.
 */
const WRONG = /^(malformed|unknown|revoked|expired)_/;

/**
 * So many wrong credentials a minute for each address, on each node. They are counted after they were found to be wrong: a good
 * one is never counted, delayed or refused, whoever else is at its address.
 */
@Injectable()
export class WrongCredentials {
  private readonly quota: MinuteQuota;

  constructor(
    clock: Clock,
    private readonly config: Config,
  ) {
    this.quota = new MinuteQuota(config.wrongCredentialsPerMinute, clock);
  }

  /**
   * Counts `refusal`, which a check of credentials has thrown, where it is one of a wrong credential. Other errors may be handed
   * in as well.
   * @returns what to throw: `refusal` itself, or RateLimited where the address has used its number up. A door that has to go on
   *   answering 401 throws `refusal` all the same.
   */
  answerTo(refusal: unknown, address: string): unknown {
    if (!(refusal instanceof Unauthenticated) || !WRONG.test(refusal.code)) return refusal;
    const waitMs = this.quota.take(addressGroup(address));
    if (waitMs === null) return refusal;
    const { wrongCredentialsPerMinute } = this.config;
    return new RateLimited(
      `This credential is wrong, and more than ${wrongCredentialsPerMinute} wrong ones came from this address within a minute. A good one is served at any time.`,
      waitMs,
    );
  }
}
