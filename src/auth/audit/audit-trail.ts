import { Injectable } from '@nestjs/common';
import { type AuditAction, type AuditRecord, type Page } from '@flagwire/protocol/admin';
import { type EntityManager, type FindOptionsWhere, MoreThan, type ObjectLiteral } from 'typeorm';
import { Clock, isoTime } from '../../common/clock.js';
import { type RequestActor, RequestContext } from '../../common/request-context.js';
import { AuditHead } from './audit-head.entity.js';
import { AuditRecordRow } from './audit-record.entity.js';

/** Where something was done. */
export interface AuditPlace {
  /** Null: the whole server. */
  readonly project: { readonly id: string; readonly key: string } | null;
  /** Key of the environment, where it concerns one. */
  readonly environment?: string;
}

export interface AuditEvent extends AuditPlace {
  readonly action: AuditAction;
  /** The key or id of what it was done to. */
  readonly target: string;
  /** Names, kinds, times; never a secret. */
  readonly details?: Record<string, unknown>;
}

const HEAD = { id: 1 };
/** What no request does, the start of the server does. */
const FIRST_START: RequestActor = { id: 'first-start', name: 'first start' };

/** The trail of everything that is not a flag change: that has the change log. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly clock: Clock,
    private readonly context: RequestContext,
  ) {}

  /**
   * Writes a row in the transaction of what it tells of; who, from where and in which request is known from the request.
   * Call it last: the trail's head stays locked until the commit, which makes the order of ids the order of commits.
   */
  async record(manager: EntityManager, { action, target, project, environment, details = {} }: AuditEvent): Promise<void> {
    const request = this.context.current;
    const actor = request === null ? FIRST_START : request.actor;
    if (actor === null) throw new TypeError(`${action} without an actor`);
    await manager.increment(AuditHead, HEAD, 'sequence', 1);
    const { sequence } = await manager.findOneByOrFail(AuditHead, HEAD);
    await manager.insert<ObjectLiteral>(AuditRecordRow, {
      ...{ sequence, action, target, details, actor: actor.name, actorId: actor.id },
      createdAt: isoTime(this.clock.now()),
      projectId: project?.id ?? null,
      projectKey: project?.key ?? null,
      environmentKey: environment ?? null,
      address: request?.address ?? null,
      requestId: request?.requestId ?? null,
    });
  }

  /** Oldest first; with `where`, only what fits. `next` is the `after` of the next page, null on the last. */
  async page(
    manager: EntityManager,
    where: FindOptionsWhere<Pick<AuditRecordRow, 'projectId' | 'projectKey'>>,
    after: number,
    limit: number,
  ): Promise<Page<AuditRecord>> {
    const rows = await manager.find(AuditRecordRow, {
      where: { ...where, sequence: MoreThan(after) },
      order: { sequence: 'ASC' },
      take: limit + 1,
    });
    const items = rows.slice(0, limit).map(toWire);
    const last = items.at(-1);
    return { items, next: rows.length > limit && last !== undefined ? String(last.id) : null };
  }

  /** An environment and its project, for whoever knows the id alone. */
  async placeOf(manager: EntityManager, environmentId: string): Promise<AuditPlace> {
    const row = await manager
      .createQueryBuilder()
      .select(['environment.key AS environment', 'project.id AS id', 'project.key AS key'])
      .from('environment', 'environment')
      .innerJoin('project', 'project', 'project.id = environment.project_id')
      .where('environment.id = :environmentId', { environmentId })
      .getRawOne<{ environment: string; id: string; key: string }>();
    if (row === undefined) throw new TypeError(`There is no environment ${environmentId}`);
    return { project: { id: row.id, key: row.key }, environment: row.environment };
  }
}

function toWire(row: AuditRecordRow): AuditRecord {
  return {
    id: row.sequence,
    time: row.createdAt,
    action: row.action,
    target: row.target,
    project: row.projectKey,
    environment: row.environmentKey,
    actor: row.actor,
    actor_id: row.actorId,
    address: row.address,
    request_id: row.requestId,
    details: row.details,
  };
}
