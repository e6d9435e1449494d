import { Injectable } from '@nestjs/common';
import { type GoodbyeReason } from '@flagwire/protocol/sync';
import { Random } from '../common/random.js';
import { Config } from '../config/config.js';
import { type Transport } from './form.js';

/** When a client may come back: spread, so that many clients do not return at the same moment. */
@Injectable()
export class ReconnectAdvice {
  constructor(
    private readonly config: Config,
    private readonly random: Random,
  ) {}

  /** When to come back after a Goodbye, in milliseconds; null: not by itself. */
  retryAfter(reason: GoodbyeReason): number | null {
    switch (reason) {
      case 'key_revoked':
      case 'key_expired':
      case 'environment_deleted':
        return null;
      case 'shutdown':
      case 'overload':
      case 'max_age':
      case 'stale':
        return this.retryMs();
    }
  }

  /**
   * For how long a connection may stay, in milliseconds: it goes now and then, so that new nodes get their share and a load
   * balancer's own limits are not what ends it. 10 % more or less, so that those who came together leave apart.
   */
  lifeMs(transport: Transport): number {
    const { socketMaxAgeMs, streamMaxAgeMs } = this.config;
    const age = transport === 'sse' || transport === 'grpc' ? streamMaxAgeMs : socketMaxAgeMs;
    if (age === null) return Infinity;
    return this.random.integer(Math.ceil(age * 0.9), Math.floor(age * 1.1) + 1);
  }

  /** Milliseconds. */
  retryMs(): number {
    const { retryMinMs, retryMaxMs } = this.config;
    return this.random.integer(retryMinMs, Math.max(retryMaxMs, retryMinMs) + 1);
  }
}
