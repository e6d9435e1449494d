import { type Cursor, formatCursor } from '@flagwire/protocol/sync';
import { type AdminPrincipal } from '../../auth/principal.js';
import { inTurns } from '../../common/batches.js';
import { Forbidden, InvalidInput, VersionConflict } from '../../common/errors.js';
import { unknownEnvironments } from '../flag-checks.js';
import { type Flag } from '../flag.entity.js';
import { type IfMatch } from '../if-match.js';
import { at, quoteAll } from '../rules/mistake.js';
import { type ImportRequest } from './import.request.js';
import { type ImportedDocument } from './imported-document.js';

/** @throws VersionConflict where a tag is the present cursor of no environment of the project. */
export function refuseOtherCursors(ifMatch: IfMatch, covered: readonly { environment: { key: string }; cursor: Cursor }[]): void {
  const cursors = covered.map(({ environment, cursor }) => [environment.key, formatCursor(cursor)] as const);
  if (ifMatch.allowsOnly(new Set(cursors.map(([, cursor]) => cursor)))) return;
  const message = 'If-Match names a cursor that no environment of the project is at; nothing was written';
  throw new VersionConflict(message, { current: Object.fromEntries(cursors) });
}

/** @throws Forbidden where environments would be made by somebody who may not. */
export function refuseMaking(environments: readonly { readonly key: string }[], { role }: AdminPrincipal): void {
  if (environments.length === 0 || role === 'admin') return;
  const names = quoteAll(environments.map(({ key }) => key));
  throw new Forbidden(
    'insufficient_role',
    `The document has environments that the project lacks: ${names}. Making them needs the role admin; this token has the role ${role}.`,
  );
}

/**
 * Checks a document against the project that it is for.
 * @param keys of the environments that the project has, or will have.
 * @param present the flags of the document that the project has, by id.
 * @throws InvalidInput with every mistake, those of the document by itself, too.
 */
export async function checkImport(
  { flags, mistakes }: ImportedDocument,
  query: ImportRequest,
  keys: readonly string[],
  present: ReadonlyMap<string, Flag>,
): Promise<void> {
  if (query.environment !== undefined && !keys.includes(query.environment)) {
    mistakes.add('environment', `the project has no environment of this name: it has ${quoteAll(keys)}`);
  }
  for await (const flag of inTurns(flags)) {
    for (const { path, message } of unknownEnvironments(flag, keys, flag.path)) mistakes.add(path, message);
    const { id, value_type: valueType } = flag.fields;
    const before = id === undefined ? undefined : present.get(id);
    if (before === undefined || valueType === undefined || valueType === before.valueType) continue;
    const message = `never changes: the flag ${before.key} of the project is ${before.valueType}`;
    mistakes.add(at(flag.path, query.format === 'flagd' ? 'variants' : 'value_type'), message);
  }
  if (!mistakes.isEmpty) throw new InvalidInput(mistakes.sorted(''));
}
