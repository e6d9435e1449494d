import { Logger } from '@nestjs/common';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { type Server as HttpServer, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { ChangeFeed } from './changes/change-feed.js';
import { within } from './common/within.js';
import { type Config } from './config/config.js';
import { FlagdServer } from './evaluation/flagd/flagd.server.js';
import { Lifecycle } from './health/lifecycle.js';
import { News } from './polling/news.js';
import { SyncHub } from './sync/sync-hub.js';

/** For what is still being written or sent after the last goodbye. With CLOSE_MS less than the five seconds that are promised. */
const FINISH_MS = 2000;
/** A database that does not answer must not keep the process: everybody has been told goodbye. */
const CLOSE_MS = 2500;
/** How often connections that have become idle are looked for. */
const LOOK_MS = 25;

/**
 * The end of a node, in order: not ready, while everybody is still served (`drainDelayMs`); goodbye to everybody
 * (`drainMs`); whatever is under way is finished and sent; everything is closed.
 */
export class Shutdown {
  private readonly logger = new Logger('Flagwire');

  constructor(
    private readonly app: NestExpressApplication,
    private readonly config: Config,
  ) {}

  /** Resolves when the process may end: at most 4.5 s after the time for the drain. Never rejects. */
  async run(): Promise<void> {
    this.app.get(Lifecycle).beginDraining();
    // Where nothing has been loaded, nobody has been sent here yet.
    if (this.app.get(ChangeFeed).loaded) await pause(this.config.drainDelayMs);
    const server: HttpServer = this.app.getHttpServer();
    // Who asks now should ask elsewhere the next time.
    server.prependListener('request', (_request, response: ServerResponse) => response.setHeader('Connection', 'close'));
    this.app.get(News).answerAll();
    await this.app.get(SyncHub).drain();
    const finished = Promise.all([this.finish(server), this.app.get(FlagdServer).finish()]).then(() => undefined);
    await this.attempt(finished, FINISH_MS, 'Connections are cut that had not ended in time.');
    await this.attempt(this.app.close(), CLOSE_MS, 'Not everything closed in time.');
  }

  /** Takes no connection any more, and resolves when there is none: goodbyes and answers have left the process. */
  private async finish(server: HttpServer): Promise<void> {
    const looking = setInterval(() => server.closeIdleConnections(), LOOK_MS).unref();
    // It was not listening yet, if that fails.
    await new Promise<void>((resolve) => server.close(() => resolve()));
    clearInterval(looking);
  }

  private async attempt(step: Promise<void>, ms: number, late: string): Promise<void> {
    await within(step, ms, () => new Error(late)).catch((error: unknown) => this.logger.warn((error as Error).message));
  }
}
