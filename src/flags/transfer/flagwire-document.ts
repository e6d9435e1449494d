import { type FlagSettings } from '@flagwire/protocol/admin';
import { inTurns } from '../../common/batches.js';
import { CreateNamedRequest } from '../../projects/requests/named.request.js';
import { checkFlag } from '../flag-checks.js';
import { draftOf } from '../requests/draft.js';
import { at, type Mistake, MistakeList } from '../rules/mistake.js';
import { changedSetting, type Setting } from '../setting.js';
import { ExportDocument, ExportedFlag } from './export.document.js';
import { type ImportedDocument, type ImportedFlag } from './imported-document.js';

const MOST_ENVIRONMENTS = 100;

/**
 * Reads what an export gave.
 * @param refuseCount throws where there are too many flags; called before any of them is looked at.
 */
export async function readFlagwireDocument(body: unknown, refuseCount: (flags: number) => void): Promise<ImportedDocument> {
  const draft = draftOf(ExportDocument, body);
  const { environments = [], flags: bodies = [] } = draft.fields;
  refuseCount(bodies.length);
  const mistakes = new MistakeList();
  const note = (found: readonly Mistake[]) => {
    for (const { path, message } of found) mistakes.add(path, message);
  };
  note(draft.mistakes);
  const named = readEnvironments(environments, note);
  const flags: ImportedFlag[] = [];
  const seen = new Set<string>();
  for await (const [index, flagBody] of inTurns(bodies.entries())) {
    const { mistakes: own, ...flag } = await readFlag(flagBody, at('flags', index));
    note(own);
    const { id } = flag.fields;
    if (id !== undefined && seen.has(id)) mistakes.add(at(flag.path, 'id'), 'is the id of an earlier flag of the document');
    if (id !== undefined) seen.add(id);
    flags.push(flag);
  }
  return { environments: named, flags, mistakes };
}

function readEnvironments(bodies: readonly unknown[], note: (found: readonly Mistake[]) => void): CreateNamedRequest[] {
  const path = 'environments';
  if (bodies.length > MOST_ENVIRONMENTS) {
    note([{ path, message: `has ${bodies.length} environments: at most ${MOST_ENVIRONMENTS} are allowed` }]);
    return [];
  }
  const drafts = bodies.map((body, index) => draftOf(CreateNamedRequest, body, at(path, index)));
  for (const [index, { fields, mistakes }] of drafts.entries()) {
    note(mistakes);
    const isTwice = fields.key !== undefined && drafts.findIndex((draft) => draft.fields.key === fields.key) !== index;
    if (isTwice) note([{ path: at(at(path, index), 'key'), message: 'is the key of an earlier environment of the document' }]);
  }
  // What has no name, or no key that could be one, is a mistake already.
  return drafts.flatMap(({ fields: { key, name = '' } }) => (key === undefined ? [] : [{ key, name }]));
}

async function readFlag(body: unknown, path: string): Promise<ImportedFlag & { mistakes: readonly Mistake[] }> {
  const draft = draftOf(ExportedFlag, body, path);
  const { settings, mistakes } = await checkFlag(draft, path, MOST_ENVIRONMENTS);
  const { id: _id, value_type: _type, environments: _environments, archived = false, ...edit } = draft.fields;
  const changes = [...settings].map(([key, setting]) => [key, setTo(setting)] as const);
  return { path, fields: draft.fields, edit, isArchived: archived, settings: new Map(changes), mistakes };
}

/** As everywhere, a default that is not named is the flag's own; what else is not named stays. */
function setTo(setting: FlagSettings) {
  return (_: unknown, present: Setting): Setting =>
    changedSetting({ ...present, defaultVariant: null, inheritsDefaultVariant: true }, setting);
}
