import { Injectable } from '@nestjs/common';
import { type Cursor, formatCursor } from '@flagwire/protocol/sync';
import { IsNull } from 'typeorm';
import { AuditTrail } from '../../auth/audit/audit-trail.js';
import { type AdminPrincipal } from '../../auth/principal.js';
import { inBatches, inTurns } from '../../common/batches.js';
import { Clock, isoTime } from '../../common/clock.js';
import { InvalidInput } from '../../common/errors.js';
import { EnvironmentRecords } from '../../projects/environment-records.js';
import { type Environment } from '../../projects/environment.entity.js';
import { changeSetAnswer } from '../change.answer.js';
import { refuseUses } from '../flag-checks.js';
import { FlagQuota } from '../flag-quota.js';
import { Flag } from '../flag.entity.js';
import { flagsByKey, settingsOfFlags, storeFlags, storeSettings } from '../flag-rows.js';
import { type FlagWrite, FlagWrites, type Written } from '../flag-writes.js';
import { type IfMatch } from '../if-match.js';
import { readFlagdDocument } from './flagd-document.js';
import { readFlagwireDocument } from './flagwire-document.js';
import { checkImport, refuseMaking, refuseOtherCursors } from './import-checks.js';
import { ImportPlan } from './import-plan.js';
import { type ImportAnswer, importAnswer, type Imported, type ImportedChanges } from './import.answer.js';
import { type ImportRequest } from './import.request.js';
import { type ImportedDocument } from './imported-document.js';

export interface ImportTarget {
  readonly project: string;
  readonly query: ImportRequest;
  readonly ifMatch: IfMatch;
  readonly actor: AdminPrincipal;
}

/** Takes the work of a dry run back. */
class Undone extends Error {
  constructor(readonly made: Imported) {
    super();
  }
}

/** Takes a document in: one transaction, and one revision at most in every environment of the project. */
@Injectable()
export class ProjectImport {
  constructor(
    private readonly writes: FlagWrites,
    private readonly environments: EnvironmentRecords,
    private readonly quota: FlagQuota,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /** @throws NotFound, VersionConflict, Forbidden, InvalidInput, Conflict (too many flags, a variant in use) */
  async run(target: ImportTarget, body: unknown): Promise<Written<ImportAnswer>> {
    const document = await this.read(target.query, body);
    const { value } = await this.writes.everywhere(target.project, (write) => {
      refuseOtherCursors(target.ifMatch, write.covered());
      return target.query.dry_run === 'true' ? this.tried(write, target, document) : this.done(write, target, document);
    });
    return value;
  }

  private read({ format, environment }: ImportRequest, body: unknown): Promise<ImportedDocument> {
    const refuseCount = (flags: number) => {
      this.quota.refuse(flags);
    };
    if (format !== 'flagd') {
      if (environment === undefined) return readFlagwireDocument(body, refuseCount);
      throw new InvalidInput([{ path: 'environment', message: 'is for flagd documents: add format=flagd, or leave it out' }]);
    }
    if (environment !== undefined) return readFlagdDocument(body, environment, refuseCount);
    throw new InvalidInput([{ path: 'environment', message: 'is missing: a flagd document tells of one environment' }]);
  }

  private async done(write: FlagWrite, target: ImportTarget, document: ImportedDocument): Promise<Written<ImportAnswer>> {
    const { whole, ...made } = await this.apply(write, target, document);
    const { manager, project } = write;
    for (const { key, name } of made.lacking) {
      const details = { name };
      await this.audit.record(manager, { action: 'environment.created', target: key, project, environment: key, details });
    }
    const { format = 'flagwire', mode = 'merge' } = target.query;
    const details = { format, mode, ...made.counts };
    await this.audit.record(manager, { action: 'project.imported', target: project.key, project, details });
    return { value: importAnswer(target.query, made), covered: whole.covered() };
  }

  /** Does it all, and takes it back, inside of the write: a request with an Idempotency-Key commits what the write has done. */
  private async tried(write: FlagWrite, target: ImportTarget, document: ImportedDocument): Promise<Written<ImportAnswer>> {
    const made = await write.manager
      .transaction(async (manager) => {
        const inner = await this.writes.begin(manager, write.project, write.environments);
        throw new Undone(await this.apply(inner, target, document));
      })
      .catch((error: unknown) => {
        if (error instanceof Undone) return error.made;
        throw error;
      });
    // The revisions that it made are no more, nor will there ever be one with their marks.
    const present = new Map(write.covered().map(({ environment, cursor }) => [environment.key, cursor]));
    const environments = new Map(
      [...made.environments].map(([key, { changes }]) => [key, { ...presentOf(present.get(key)), changes }]),
    );
    return { value: importAnswer(target.query, { ...made, environments }), covered: write.covered() };
  }

  private async apply(
    write: FlagWrite,
    target: ImportTarget,
    document: ImportedDocument,
  ): Promise<Imported & { whole: FlagWrite }> {
    const { query, actor } = target;
    const present = new Set(write.environments.map(({ key }) => key));
    const lacking = document.environments.filter(({ key }) => !present.has(key));
    refuseMaking(lacking, actor);
    const ids = document.flags.flatMap(({ fields }) => fields.id ?? []);
    const flags = await flagsByKey(write.manager, write.project, ids);
    await checkImport(document, query, [...present, ...lacking.map(({ key }) => key)], flags);

    const whole = await this.widened(write, lacking);
    const plan = await this.planned(whole, document, flags);
    if (query.mode === 'replace') await this.archiveOthers(whole, plan, new Set(ids));
    refuseUses(plan.uses);
    await this.quota.refuseMore(whole, plan.counts.created);
    await storeFlags(whole.manager, plan.flags);
    await storeSettings(whole.manager, plan.settings);

    const environments = new Map<string, ImportedChanges>();
    for (const environment of whole.environments) {
      const appended = await whole.append(environment, plan.contents(environment), actor.name, commentOf(query));
      environments.set(environment.key, changeSetAnswer(appended));
    }
    return { counts: plan.counts, lacking, environments, whole };
  }

  /** The write, with these environments made and part of it. */
  private async widened(write: FlagWrite, lacking: ImportedDocument['environments']): Promise<FlagWrite> {
    if (lacking.length === 0) return write;
    const made: Environment[] = [];
    for (const { key, name } of lacking) {
      made.push((await this.environments.add(write.manager, write.project, key, name)).environment);
    }
    const all = [...write.environments, ...made].sort((a, b) => (a.key < b.key ? -1 : 1));
    return this.writes.begin(write.manager, write.project, all);
  }

  private async planned(write: FlagWrite, document: ImportedDocument, flags: ReadonlyMap<string, Flag>): Promise<ImportPlan> {
    const plan = new ImportPlan(write.project, write.environments, isoTime(this.clock.now()));
    for await (const batch of inBatches(document.flags)) {
      const before = batch.map(({ fields }) => flags.get(fields.id ?? ''));
      const present = await settingsOfFlags(
        write.manager,
        before.filter((flag) => flag !== undefined),
        write.environments,
      );
      for await (const [index, flag] of inTurns(batch.entries())) await plan.set(flag, before[index], present);
    }
    return plan;
  }

  private async archiveOthers({ manager, project }: FlagWrite, plan: ImportPlan, kept: ReadonlySet<string>): Promise<void> {
    const unarchived = await manager.find(Flag, {
      where: { projectId: project.id, archivedAt: IsNull() },
      select: { key: true },
    });
    const others = unarchived.map(({ key }) => key).filter((key) => !kept.has(key));
    for (const flag of (await flagsByKey(manager, project, others)).values()) plan.archive(flag);
  }
}

function commentOf({ format = 'flagwire', mode = 'merge' }: ImportRequest): string {
  const what = format === 'flagd' ? 'Import of a flagd document' : 'Import';
  return mode === 'replace' ? `${what}, in place of what was there` : what;
}

function presentOf(cursor: Cursor | undefined): { cursor: string | null; revision: number } {
  return cursor === undefined ? { cursor: null, revision: 0 } : { cursor: formatCursor(cursor), revision: cursor.revision };
}
