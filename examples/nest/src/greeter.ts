import { FlagSyncClient } from '@flagwire/client';
import { Injectable } from '@nestjs/common';

/** A service is given the client, and asks whenever it needs to know. */
@Injectable()
export class Greeter {
  constructor(private readonly flags: FlagSyncClient) {}

  get greeting(): string {
    return this.flags.value('welcome', false) ? 'Welcome!' : 'Come back later.';
  }
}
