import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type EntityManager, In, LessThanOrEqual } from 'typeorm';
import { Clock, isoTime } from '../../common/clock.js';
import { Conflict, DomainError } from '../../common/errors.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { IdempotentAnswer } from './idempotent-answer.entity.js';
import { Seal } from './seal.js';

const SWEEP_MS = 60_000;
/** Rows of one transaction: writers of flags do not wait long. */
const BATCH = 500;

/** A request that may come again. */
export interface IdempotentRequest {
  /** The token, as it was presented. */
  readonly credential: string;
  readonly idempotencyKey: string;
  /** The same for the same request. */
  readonly fingerprint: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As JSON has it. */
  readonly body: unknown;
}

/** The Idempotency-Key was used for another request. */
export class IdempotencyKeyReused extends DomainError {
  override readonly name = 'IdempotencyKeyReused';
  readonly code = 'idempotency_key_reused';
  readonly kind = 'unprocessable';
  constructor() {
    super('This Idempotency-Key was sent with another request. Nothing was done: draw a new key for each request.');
  }
}

function inProgress(): Conflict {
  return new Conflict(
    'request_in_progress',
    'A request with this Idempotency-Key is being answered. Send it again in a moment, to get its answer.',
  );
}

/** Does what a request asks for once, however often it comes, and gives the same answer each time, for as long as the settings say. */
@Injectable()
export class IdempotentAnswers implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('IdempotentAnswers');
  /** Ids of requests that this node is answering. */
  private readonly inFlight = new Set<string>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => {
      this.sweep().catch((error: unknown) => this.logger.debug(`Not swept: ${String(error)}`));
    }, SWEEP_MS);
  }

  onApplicationShutdown(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  /**
   * The answer kept for the request, or what `work` answers. All that `work` writes, and the answer, is one transaction: both are
   * there or neither. What `work` throws is not kept, so that the request may be sent again.
   * @throws IdempotencyKeyReused, Conflict where the first one is under way
   */
  async once(request: IdempotentRequest, work: () => Promise<Answer>): Promise<Answer> {
    const seal = new Seal(request.credential, request.idempotencyKey);
    if (this.inFlight.has(seal.id)) throw inProgress();
    this.inFlight.add(seal.id);
    try {
      return await this.database.together(async (manager) => {
        await this.lock(manager, seal.id);
        const kept = await this.kept(manager, seal, request.fingerprint);
        if (kept !== null) return kept;
        const answer = await work();
        await this.keep(manager, seal, request.fingerprint, answer);
        return answer;
      });
    } finally {
      this.inFlight.delete(seal.id);
    }
  }

  /** Removes what has expired. */
  async sweep(): Promise<void> {
    for (let removed = BATCH; removed === BATCH;) removed = await this.database.write((manager) => this.sweepBatch(manager));
  }

  /** Against other nodes; held until the transaction ends. Nobody waits for it, so that it takes part in no deadlock. */
  private async lock(manager: EntityManager, id: string): Promise<void> {
    if (this.database.dialect === 'sqlite') return;
    const sql = 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked';
    const [row] = await manager.query<{ locked: boolean }[]>(sql, [id]);
    if (row?.locked !== true) throw inProgress();
  }

  private async kept(manager: EntityManager, seal: Seal, fingerprint: string): Promise<Answer | null> {
    const row = await manager.findOneBy(IdempotentAnswer, { id: seal.id });
    if (row === null) return null;
    if (row.expiresAt <= isoTime(this.clock.now())) {
      await manager.delete(IdempotentAnswer, { id: seal.id });
      return null;
    }
    const { answer, ...kept } = JSON.parse(seal.open(row.sealed)) as { fingerprint: string; answer: Answer };
    if (kept.fingerprint !== fingerprint) throw new IdempotencyKeyReused();
    return answer;
  }

  private async keep(manager: EntityManager, seal: Seal, fingerprint: string, answer: Answer): Promise<void> {
    const expiresAt = isoTime(this.clock.now() + this.config.idempotencyMs);
    const sealed = seal.close(JSON.stringify({ fingerprint, answer }));
    await manager.insert(IdempotentAnswer, { id: seal.id, expiresAt, sealed });
  }

  private async sweepBatch(manager: EntityManager): Promise<number> {
    const expired = await manager.find(IdempotentAnswer, {
      select: { id: true },
      where: { expiresAt: LessThanOrEqual(isoTime(this.clock.now())) },
      order: { expiresAt: 'ASC', id: 'ASC' },
      take: BATCH,
    });
    if (expired.length > 0) await manager.delete(IdempotentAnswer, { id: In(expired.map(({ id }) => id)) });
    return expired.length;
  }
}
