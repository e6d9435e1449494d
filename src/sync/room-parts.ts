import { Injectable } from '@nestjs/common';
import { ChangeFeed } from '../changes/change-feed.js';
import { Resumption } from '../changes/resumption.js';
import { Config } from '../config/config.js';
import { Ledger } from '../receipts/ledger.js';
import { Turns } from './turns.js';

/** What all rooms of a node have in common with the rest of it. */
@Injectable()
export class RoomParts {
  readonly lagBytes: number;
  readonly askAgainMs: number;

  constructor(
    readonly feed: ChangeFeed,
    readonly resumption: Resumption,
    readonly ledger: Ledger,
    readonly turns: Turns,
    config: Config,
  ) {
    this.lagBytes = config.lagBytes;
    this.askAgainMs = config.tailMs;
  }
}
