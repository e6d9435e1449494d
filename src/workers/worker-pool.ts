import { Logger } from '@nestjs/common';
import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry } from 'prom-client';
import { RequestContext } from '../common/request-context.js';
import { ServerLogger } from '../common/server-logger.js';
import { within } from '../common/within.js';
import { type Config } from '../config/config.js';
import { type FromWorker, type ToWorker } from './messages.js';

/** Long enough that a worker that ends again and again keeps no core busy. */
const AGAIN_MS = 1000;
/** As long as a writer waits for its own node to show what it wrote. */
const CATCH_UP_MS = 1000;

/**
 * Workers of one server: processes that share its ports, each of them a node of its own, with a name of its own. This process passes
 * connections on, in turn, starts another worker where one ended by itself, and ends when all have.
 */
export class WorkerPool {
  private readonly logger = new Logger('Flagwire');
  private readonly figures = new AggregatorRegistry();
  /** Of whom it is waited for that they read the log, by worker and ask. */
  private readonly catchingUp = new Map<string, () => void>();
  private stopping = false;
  private exitCode = 0;
  private readonly serving = new Set<Worker>();
  /** One has served: what makes another one fail need not be the settings. */
  private hasServed = false;

  constructor(private readonly config: Config) {}

  run(): void {
    Logger.overrideLogger(new ServerLogger(this.config.logs, new RequestContext()));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.stop(signal));
    // Alone: it may have to make the database, and what is wrong for it is wrong for all. The others follow when it serves.
    this.start(1);
  }

  private start(number: number): void {
    if (this.stopping) return;
    const worker = cluster.fork({ FLAGWIRE_NODE_NAME: `${this.config.nodeName}-${number}`, FLAGWIRE_NODE_NAME_FILE: '' });
    worker.on('message', (message: FromWorker) => void this.hear(worker, message));
    worker.once('exit', (code: number | null, signal: string | null) =>
      this.ended(number, worker, signal ?? `exit code ${code}`),
    );
  }

  private async hear(worker: Worker, message: FromWorker): Promise<void> {
    switch (message.kind) {
      case 'starting':
        tell(worker, { kind: 'answer', ask: message.ask, text: this.serving.size > 0 ? 'yes' : null });
        break;
      case 'serving':
        this.serving.add(worker);
        if (!this.hasServed) for (let number = 2; number <= this.config.workers; number += 1) this.start(number);
        this.hasServed = true;
        break;
      case 'figures':
        tell(worker, { kind: 'answer', ask: message.ask, text: await this.figures.clusterMetrics().catch(() => null) });
        break;
      case 'written': {
        const others = present().filter((other) => other !== worker);
        await Promise.all(others.map((other) => this.caughtUp(other, message.ask)));
        tell(worker, { kind: 'answer', ask: message.ask, text: null });
        break;
      }
      case 'caught_up':
        this.catchingUp.get(`${worker.id} ${message.ask}`)?.();
        break;
      default:
      // What the figures' library says to itself.
    }
  }

  /** Resolves when the worker has read the log, has ended, or a second has passed. */
  private async caughtUp(worker: Worker, ask: string): Promise<void> {
    const key = `${worker.id} ${ask}`;
    const read = new Promise<void>((resolve) => this.catchingUp.set(key, resolve));
    tell(worker, { kind: 'catch_up', ask });
    await within(read, CATCH_UP_MS, () => new Error('It did not read the log in time')).catch(() => undefined);
    this.catchingUp.delete(key);
  }

  private ended(number: number, worker: Worker, how: string): void {
    for (const [key, done] of this.catchingUp) if (key.startsWith(`${worker.id} `)) done();
    this.serving.delete(worker);
    if (how !== 'exit code 0') this.exitCode = 1;
    if (!this.stopping && this.hasServed) {
      this.logger.error(`Worker ${number} ended (${how}): another one takes its place`);
      setTimeout(() => this.start(number), AGAIN_MS);
      return;
    }
    // None could start, and has said why; or all were told to end.
    this.stop('SIGTERM');
    if (present().length === 0) process.exit(this.exitCode);
  }

  /** From a terminal a signal comes to the workers too: one that comes again changes nothing for them. */
  private stop(signal: NodeJS.Signals): void {
    if (this.stopping) return;
    this.stopping = true;
    if (this.hasServed) this.exitCode = 0;
    const workers = present();
    // Each is about to be replaced.
    if (workers.length === 0 && this.hasServed) process.exit(0);
    for (const worker of workers) worker.process.kill(signal);
  }
}

function present(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message);
}
