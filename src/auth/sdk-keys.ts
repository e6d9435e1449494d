import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type KeyKind, type Page, type SdkKeyRecord } from '@flagwire/protocol/admin';
import { type EntityManager } from 'typeorm';
import { ChangeLog } from '../changes/change-log.js';
import { Clock, isoTime } from '../common/clock.js';
import { Conflict, InvalidInput, NotFound } from '../common/errors.js';
import { Random } from '../common/random.js';
import { Database } from '../database/database.js';
import { type AuditEvent, AuditTrail } from './audit/audit-trail.js';
import { expiryMistakes, nameMistakes, originMistakes, storedTime } from './credential-rules.js';
import { pageOf } from './page.js';
import { SdkKey } from './sdk-key.entity.js';
import { drawSecret, shownPrefix } from './secret-format.js';

const LONGEST_GRACE_S = 90 * 86_400;

export interface NewSdkKey {
  name: string;
  kind: KeyKind;
  /** RFC 3339; null: never. */
  expiresAt: string | null;
  allowedOrigins: string[];
}

/** The only time that the secret is seen. */
export interface IssuedSdkKey {
  key: SdkKeyRecord;
  secret: string;
}

type KeyEvent = Pick<AuditEvent, 'action' | 'target' | 'details'>;

function toWire(key: SdkKey): SdkKeyRecord {
  return {
    id: key.id,
    name: key.name,
    kind: key.kind,
    prefix: shownPrefix(key.kind, key.selector),
    allowed_origins: key.allowedOrigins,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    last_used_at: key.lastUsedAt,
    revoked_at: key.revokedAt,
  };
}

function earlier(a: string | null, b: string): string {
  return a === null || b < a ? b : a;
}

/**
 * The write side of SDK keys. Writing methods run in the caller's transaction, after it has locked the project's row; they
 * lock the environment's head, announce the change there (every node then reads the keys again), and record it in the audit trail.
 */
@Injectable()
export class SdkKeys {
  constructor(
    private readonly database: Database,
    private readonly changeLog: ChangeLog,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * @throws InvalidInput with every mistake.
   * @throws NotFound where the environment is gone.
   */
  async create(manager: EntityManager, environmentId: string, wanted: NewSdkKey): Promise<IssuedSdkKey> {
    const { name, expiresAt, allowedOrigins } = wanted;
    const mistakes = [...nameMistakes(name), ...expiryMistakes(expiresAt, this.clock.now()), ...originMistakes(allowedOrigins)];
    if (mistakes.length > 0) throw new InvalidInput(mistakes);
    await this.changeLog.lockHeads(manager, [environmentId]);
    const issued = await this.insert(manager, environmentId, { ...wanted, expiresAt: storedTime(expiresAt) });
    await this.changeLog.keysChanged(manager, environmentId);
    const { id, kind, expires_at } = issued.key;
    const details = { name, kind, expires_at, allowed_origins: allowedOrigins };
    await this.record(manager, environmentId, { action: 'sdk_key.created', target: id, details });
    return issued;
  }

  /** Oldest first, also those that are dead. @param after the id of the last one of the page before. */
  async list(environmentId: string, after: string | null, limit: number): Promise<Page<SdkKeyRecord>> {
    const rows = await this.database.read((manager) =>
      pageOf(manager.createQueryBuilder(SdkKey, 'item').where({ environmentId }), 'sdk_key', after, limit),
    );
    return { items: rows.items.map(toWire), next: rows.next };
  }

  /**
   * A new key with the name, kind, origins and end of the old one, which goes on for the grace period.
   * @throws NotFound
   * @throws Conflict where the old one is dead already.
   */
  async rotate(manager: EntityManager, environmentId: string, id: string, graceSeconds: number): Promise<IssuedSdkKey> {
    if (!Number.isInteger(graceSeconds) || graceSeconds < 0 || graceSeconds > LONGEST_GRACE_S) {
      throw new InvalidInput([{ path: 'grace_seconds', message: `must be a whole number from 0 to ${LONGEST_GRACE_S}` }]);
    }
    await this.changeLog.lockHeads(manager, [environmentId]);
    const old = await this.row(manager, environmentId, id);
    const now = this.clock.now();
    if (old.revokedAt !== null || (old.expiresAt !== null && Date.parse(old.expiresAt) <= now)) {
      throw new Conflict('key_is_dead', 'This key is revoked or expired already: make a new one.');
    }
    const issued = await this.insert(manager, environmentId, old);
    const expiresAt = earlier(old.expiresAt, isoTime(now + graceSeconds * 1000));
    await manager.update(SdkKey, { id }, { expiresAt });
    await this.changeLog.keysChanged(manager, environmentId);
    const details = { name: old.name, kind: old.kind, expires_at: expiresAt, replaced_by: issued.key.id };
    await this.record(manager, environmentId, { action: 'sdk_key.rotated', target: id, details });
    return issued;
  }

  /**
   * For good, from the commit on; a key that is revoked stays as it is.
   * @throws NotFound
   */
  async revoke(manager: EntityManager, environmentId: string, id: string): Promise<void> {
    await this.changeLog.lockHeads(manager, [environmentId]);
    const key = await this.row(manager, environmentId, id);
    if (key.revokedAt !== null) return;
    await manager.update(SdkKey, { id }, { revokedAt: isoTime(this.clock.now()) });
    await this.changeLog.keysChanged(manager, environmentId);
    const details = { name: key.name, kind: key.kind };
    await this.record(manager, environmentId, { action: 'sdk_key.revoked', target: id, details });
  }

  private async record(manager: EntityManager, environmentId: string, event: KeyEvent): Promise<void> {
    await this.audit.record(manager, { ...event, ...(await this.audit.placeOf(manager, environmentId)) });
  }

  private async row(manager: EntityManager, environmentId: string, id: string): Promise<SdkKey> {
    const key = await manager.findOneBy(SdkKey, { id, environmentId });
    if (key === null) throw new NotFound('sdk key', id);
    return key;
  }

  /** @param wanted checked already, times as they are stored. */
  private async insert(manager: EntityManager, environmentId: string, wanted: NewSdkKey): Promise<IssuedSdkKey> {
    const { text, selector, secretHash } = drawSecret(wanted.kind, this.random);
    const { name, kind, allowedOrigins, expiresAt } = wanted;
    const row = manager.create(SdkKey, {
      ...{ id: randomUUID(), environmentId, name, kind, selector, secretHash, allowedOrigins, expiresAt },
      createdAt: isoTime(this.clock.now()),
      lastUsedAt: null,
      revokedAt: null,
    });
    await manager.insert(SdkKey, row);
    return { key: toWire(row), secret: text };
  }
}
