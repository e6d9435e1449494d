import { Injectable } from '@nestjs/common';
import { EMPTY } from 'rxjs';
import { WakeUps } from './wake-ups.js';

/** One process writes and reads a SQLite file: a writer asks the feed to catch up before it answers, and needs no hint. */
@Injectable()
export class SqliteWakeUps extends WakeUps {
  readonly hints = EMPTY;
  readonly hearing = 'ok';
  readonly received = 0;

  announce(): Promise<void> {
    return Promise.resolve();
  }

  start(): void {
    // Nothing to listen to.
  }
}
