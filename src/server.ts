import { Logger } from '@nestjs/common';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { type AddressInfo, isIPv6 } from 'node:net';
import { CannotStart, DatabaseUnavailable } from './common/errors.js';
import { ChangeFeed } from './changes/change-feed.js';
import { type Config } from './config/config.js';
import { DatabaseStart } from './database/database-start.js';
import { type FirstStartSecrets } from './flags/demonstration.js';
import { FirstStart } from './flags/first-start.js';
import { Shutdown } from './shutdown.js';
import { Siblings } from './workers/siblings.js';

const RETRY_MS = 1000;

/** The life of the process: listen, open the database, serve; and end in order when a signal says so. */
export class Server {
  private readonly logger = new Logger('Flagwire');
  private stopping = false;

  constructor(
    private readonly app: NestExpressApplication,
    private readonly config: Config,
  ) {}

  /** @throws CannotStart; nothing once the process has been told to end. */
  async run(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void this.stop(signal));
    try {
      await this.start();
    } catch (error) {
      // What was being started is being closed: its failure is no news.
      if (!this.stopping) throw error;
    }
  }

  private async start(): Promise<void> {
    const siblings = this.app.get(Siblings);
    // Until the database is open the node answers "not ready yet", so that probes and clients see a server. Other workers are one.
    const areOthersServing = await siblings.areServing();
    await (areOthersServing ? this.app.init() : this.listen());
    await this.app.get(DatabaseStart).opened();
    if (this.stopping) return;
    const { adminToken, nodeEnv } = this.config;
    const secrets = await this.untilReached(() => this.app.get(FirstStart).run(adminToken === null && nodeEnv !== 'production'));
    if (this.stopping) return;
    const feed = this.app.get(ChangeFeed);
    feed.start();
    await feed.catchUp().catch(() => undefined);
    if (areOthersServing) await this.listen();
    this.logger.log(`Flagwire is listening on ${this.address()}`);
    siblings.serving();
    if (secrets !== null) process.stdout.write(welcome(this.address(), secrets));
  }

  private async listen(): Promise<void> {
    const { port, host } = this.config;
    try {
      await this.app.listen(port, host);
    } catch (error) {
      if (error instanceof CannotStart) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE')
        throw new CannotStart(`Port ${port} on ${host} is taken by another program: stop that, or set PORT.`);
      if (code === 'EACCES') throw new CannotStart(`Port ${port} may not be listened on by this user: set PORT to 1024 or more.`);
      throw new CannotStart(
        `${host}:${port} cannot be listened on (${message}): set FLAGWIRE_HOST to an address of this machine.`,
      );
    }
  }

  /** The database may go away again between its opening and the first start. */
  private async untilReached<T>(work: () => Promise<T>): Promise<T | null> {
    while (!this.stopping) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof DatabaseUnavailable)) throw error;
        this.logger.warn(`${error.message} Trying again.`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    return null;
  }

  /** A signal that comes again, as from a terminal through npm, changes nothing. */
  private async stop(signal: string): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.logger.log(`${signal}: draining`);
    const from = performance.now();
    await new Shutdown(this.app, this.config).run();
    this.logger.log(`Ended after ${((performance.now() - from) / 1000).toFixed(1)} s`);
    process.exit(0);
  }

  private address(): string {
    const { port } = this.app.getHttpServer().address() as AddressInfo;
    const { host } = this.config;
    if (['0.0.0.0', '::'].includes(host)) return `http://127.0.0.1:${port}`;
    return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  }
}

/** Shown once, on the first start of a new database. */
function welcome(url: string, { adminToken, serverKey, clientKey }: FirstStartSecrets): string {
  return `
  A new database. These are shown only this once:

    admin token                 ${adminToken}
    server key, development     ${serverKey}
    client key, development     ${clientKey}

  Try it:

    1. Watch the stream:
       curl -N -H 'Authorization: Bearer ${serverKey}' ${url}/sdk/stream

    2. In another terminal, flip a flag:
       curl -X PATCH -H 'Authorization: Bearer ${adminToken}' -H 'Content-Type: application/json' -d '{"status":"disabled"}' ${url}/api/projects/default/flags/welcome/environments/development

    3. The API page:
       ${url}/docs

`;
}
