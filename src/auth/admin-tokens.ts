import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type AuditAction, type Page, type Role, ROLES } from '@flagwire/protocol/admin';
import { type EntityManager, In } from 'typeorm';
import { Clock, isoTime } from '../common/clock.js';
import { InvalidInput, type Mistake, NotFound } from '../common/errors.js';
import { Random } from '../common/random.js';
import { Database } from '../database/database.js';
import { AdminToken } from './admin-token.entity.js';
import { AuditTrail } from './audit/audit-trail.js';
import { expiryMistakes, nameMistakes, storedTime } from './credential-rules.js';
import { pageOf } from './page.js';
import { drawSecret, shownPrefix } from './secret-format.js';

/** A token as lists show it: never the secret, never its hash. */
export interface AdminTokenWire {
  id: string;
  name: string;
  role: Role;
  /** The project's key; null: the whole server. */
  project: string | null;
  environments: string[] | null;
  prefix: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface NewAdminToken {
  name: string;
  role: Role;
  projectId: string | null;
  /** Keys of environments of the project; null: all. */
  environments: string[] | null;
  /** RFC 3339; null: never. */
  expiresAt: string | null;
}

/** Project keys by the projects' ids. */
type ProjectKeys = ReadonlyMap<string, string>;

/** Null: the whole server. Undefined: the project is gone. */
function keyIn(projects: ProjectKeys, { projectId }: AdminToken): string | null | undefined {
  return projectId === null ? null : projects.get(projectId);
}

function toWire(token: AdminToken, projects: ProjectKeys): AdminTokenWire {
  const project = keyIn(projects, token) ?? null;
  const { id, name, role, environments } = token;
  const prefix = shownPrefix('admin', token.selector);
  const { createdAt: created_at, expiresAt: expires_at, lastUsedAt: last_used_at, revokedAt: revoked_at } = token;
  return { id, name, role, project, environments, prefix, created_at, expires_at, last_used_at, revoked_at };
}

/** The admin tokens in the database. Who may hand out which is the caller's business. */
@Injectable()
export class AdminTokens {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly audit: AuditTrail,
  ) {}

  /** @throws InvalidInput with every mistake. */
  async create(manager: EntityManager, wanted: NewAdminToken): Promise<{ token: AdminTokenWire; secret: string }> {
    const mistakes = [...this.mistakesOf(wanted), ...(await unknownEnvironments(manager, wanted))];
    if (mistakes.length > 0) throw new InvalidInput(mistakes);
    const { text, selector, secretHash } = drawSecret('admin', this.random);
    const { name, role, projectId, environments } = wanted;
    const row = manager.create(AdminToken, {
      ...{ id: randomUUID(), name, role, projectId, environments, selector, secretHash },
      createdAt: isoTime(this.clock.now()),
      expiresAt: storedTime(wanted.expiresAt),
      lastUsedAt: null,
      revokedAt: null,
    });
    await manager.insert(AdminToken, row);
    const token = toWire(row, await projectKeys(manager, [row]));
    const { expires_at } = token;
    await this.record(manager, 'token.created', row, { name, role, environments, expires_at });
    return { token, secret: text };
  }

  /** Oldest first, also those that are dead. @param after the id of the last one of the page before. */
  async list(after: string | null, limit: number): Promise<Page<AdminTokenWire>> {
    return this.database.read(async (manager) => {
      const { items, next } = await pageOf(manager.createQueryBuilder(AdminToken, 'item'), 'admin_token', after, limit);
      const projects = await projectKeys(manager, items);
      return { items: items.map((token) => toWire(token, projects)), next };
    });
  }

  /** An environment is deleted: one that is made later under its key is another one, which no token of this one opens. */
  async forgetEnvironment(manager: EntityManager, projectId: string, key: string): Promise<void> {
    for (const { id, environments } of await manager.findBy(AdminToken, { projectId })) {
      if (environments?.includes(key) !== true) continue;
      await manager.update(AdminToken, { id }, { environments: environments.filter((name) => name !== key) });
    }
  }

  /**
   * For good, from the commit on; a token that is revoked stays as it is.
   * @throws NotFound
   */
  async revoke(manager: EntityManager, id: string): Promise<void> {
    const token = await manager.findOneBy(AdminToken, { id });
    if (token === null) throw new NotFound('token', id);
    if (token.revokedAt !== null) return;
    await manager.update(AdminToken, { id }, { revokedAt: isoTime(this.clock.now()) });
    const { name, role } = token;
    await this.record(manager, 'token.revoked', token, { name, role });
  }

  /** The token with this selector and its project's key; asks the database, so that a revocation holds at once on every node. */
  async withSelector(selector: string): Promise<{ token: AdminToken; projectKey: string | null } | null> {
    return this.database.read(async (manager) => {
      const token = await manager.findOneBy(AdminToken, { selector });
      if (token === null) return null;
      const projectKey = keyIn(await projectKeys(manager, [token]), token);
      // The project was deleted in between, and its tokens with it. Null would say "the whole server".
      return projectKey === undefined ? null : { token, projectKey };
    });
  }

  private async record(manager: EntityManager, action: AuditAction, token: AdminToken, details: object): Promise<void> {
    const { id, projectId } = token;
    const key = keyIn(await projectKeys(manager, [token]), token);
    const project = projectId !== null && typeof key === 'string' ? { id: projectId, key } : null;
    await this.audit.record(manager, { action, target: id, project, details: { ...details } });
  }

  private mistakesOf({ name, role, projectId, environments, expiresAt }: NewAdminToken): Mistake[] {
    const mistakes = [...nameMistakes(name), ...expiryMistakes(expiresAt, this.clock.now())];
    if (!ROLES.includes(role)) mistakes.push({ path: 'role', message: `must be one of ${ROLES.join(', ')}` });
    if (environments !== null && projectId === null) {
      mistakes.push({ path: 'environments', message: 'needs a project: name the one that they belong to' });
    }
    if (environments?.length === 0)
      mistakes.push({ path: 'environments', message: 'is empty: name environments, or leave it out for all' });
    return mistakes;
  }
}

async function projectKeys(manager: EntityManager, tokens: readonly AdminToken[]): Promise<ProjectKeys> {
  const ids = [...new Set(tokens.flatMap(({ projectId }) => projectId ?? []))];
  if (ids.length === 0) return new Map();
  const rows = await manager
    .createQueryBuilder()
    .select(['project.id AS id', 'project.key AS key'])
    .from('project', 'project')
    .where({ id: In(ids) })
    .getRawMany<{ id: string; key: string }>();
  return new Map(rows.map(({ id, key }) => [id, key]));
}

async function unknownEnvironments(manager: EntityManager, { projectId, environments }: NewAdminToken): Promise<Mistake[]> {
  if (projectId === null || environments === null) return [];
  const rows = await manager
    .createQueryBuilder()
    .select('environment.key', 'key')
    .from('environment', 'environment')
    .where('environment.project_id = :projectId', { projectId })
    .getRawMany<{ key: string }>();
  const known = new Set(rows.map(({ key }) => key));
  return environments.flatMap((key, index) =>
    known.has(key)
      ? []
      : [{ path: `environments[${index}]`, message: `${JSON.stringify(key)} is not an environment of the project` }],
  );
}
