import { type FlagDefinition } from '@flagwire/protocol/sync';
import { type EnvironmentReplica, type ReplicaFlag } from '../../changes/environment-replica.js';
import { cursorText, subscriptionTo } from '../../changes/subscription.js';

const SCHEMA = 'https://flagd.dev/schema/v0/flags.json';
const ALL = subscriptionTo(null);

/** What a document says of itself; flagd's providers show it with each evaluation. */
export interface FlagSetMetadata {
  /** `<project>/<environment>`. Without it, the provider for JavaScript shows its selector there, and a key may stand in that. */
  readonly scope: string;
  /** The same: what a selector may name. */
  readonly flagSetId: string;
  /** The cursor. A flag's own `version` stands before it. */
  readonly version: string;
}

export function flagSetMetadata({ environment, head }: EnvironmentReplica): FlagSetMetadata {
  const name = `${environment.projectKey}/${environment.key}`;
  return { scope: name, flagSetId: name, version: cursorText(head, ALL) };
}

/** Made once for each version of each flag: the replica makes another object then. */
const texts = new WeakMap<ReplicaFlag, string>();

/**
 * The environment as a flagd document (https://flagd.dev/schema/v0/flags.json): each flag by renaming alone, in the order of the
 * ids, so that every node gives the same bytes. Each flag has a `version` in its metadata. The provider for JavaScript compares flags
 * together with what the document says of itself: without one of their own they would all have changed with each revision.
 */
export function flagdDocument(replica: EnvironmentReplica): string {
  const flags = replica.flags(null).map(textOf);
  const metadata = JSON.stringify(flagSetMetadata(replica));
  return `{"$schema":"${SCHEMA}","metadata":${metadata},"flags":{${flags.join(',')}}}`;
}

function textOf(flag: ReplicaFlag): string {
  const known = texts.get(flag);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(flag.definition.id)}:${JSON.stringify(flagdFlag(flag.definition))}`;
  texts.set(flag, text);
  return text;
}

function flagdFlag({ status, variants, default_variant, targeting, metadata }: FlagDefinition): object {
  return {
    state: status === 'disabled' ? 'DISABLED' : 'ENABLED',
    variants,
    defaultVariant: default_variant,
    targeting,
    metadata: { version: metadata.version },
  };
}
