import { type MistakeList } from '../rules/mistake.js';
import { type CreateFlagRequest, type EditFlagRequest } from '../requests/flag.request.js';
import { type Flag } from '../flag.entity.js';
import { type Setting } from '../setting.js';

/** A flag of a document, in whichever format that is. */
export interface ImportedFlag {
  /** Where it stands in the document. */
  readonly path: string;
  /** The flag, where the project does not have it. Complete where the document has no mistake. */
  readonly fields: Partial<CreateFlagRequest>;
  /** What the document says of one that the project has. */
  readonly edit: Partial<EditFlagRequest>;
  readonly isArchived: boolean;
  /** What becomes of its settings, by the key of their environment. Those of others stay. */
  readonly settings: ReadonlyMap<string, (flag: Flag, present: Setting) => Setting>;
}

/** A document that has been read, and not been compared with any project yet. */
export interface ImportedDocument {
  /** Those that it names. */
  readonly environments: readonly { readonly key: string; readonly name: string }[];
  readonly flags: readonly ImportedFlag[];
  /** What is wrong with it by itself. */
  readonly mistakes: MistakeList;
}
