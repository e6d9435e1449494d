import { type ChangeSetAnswer, type ProjectFlag } from '@flagwire/protocol/admin';
import { type FlagDefinition, type FlagStatus } from '@flagwire/protocol/sync';
import { type Answer } from './api/answer.js';
import { CommandError } from './command-error.js';
import { type EnvironmentOptions, type ProjectOptions } from './options.js';
import { environmentOf, flagId, inEnvironment, inProject, type Session } from './session.js';
import { didYouMean } from './suggestion.js';

/** One flag's part of a change set as the API takes it. */
export interface Change {
  flag: string;
  status?: FlagStatus;
  default_variant?: string | null;
  targeting?: unknown;
  /** The version that the change was made for. */
  version?: number;
}

export interface WriteOptions extends EnvironmentOptions {
  comment?: string;
  idempotencyKey?: string;
}

/** Asks for a flag in all environments. */
export async function readFlag(session: Session<ProjectOptions>, flag: string): Promise<ProjectFlag> {
  const path = inProject(session.options, `flags/${flagId(flag)}`);
  return helped(session, flag, async () => (await session.api.call<ProjectFlag>({ method: 'GET', path })).body);
}

/** Asks for a flag as the clients of the chosen environment see it. */
export async function readDefinition(session: Session<EnvironmentOptions>, flag: string): Promise<FlagDefinition> {
  const path = inProject(session.options, `flags/${flagId(flag)}/environments/${environmentOf(session.options)}`);
  return helped(session, flag, async () => (await session.api.call<FlagDefinition>({ method: 'GET', path })).body);
}

/** Changes flags of the chosen environment as one revision, all or nothing. */
export async function change(session: Session<WriteOptions>, changes: readonly Change[]): Promise<Answer<ChangeSetAnswer>> {
  const { comment, idempotencyKey } = session.options;
  const body = JSON.stringify({ ...(comment !== undefined && { comment }), changes });
  const path = inEnvironment(session.options, 'change-sets');
  const [first] = changes;
  return helped(session, first?.flag ?? '', () => session.api.call({ method: 'POST', path, body, idempotencyKey }));
}

/** Names the flag or the environment that was meant where there is none of the name that was given. */
async function helped<T>(session: Session<EnvironmentOptions>, flag: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { api, options } = session;
    if (error.code === 'flag_not_found') {
      throw await didYouMean(error, { api, path: inProject(options, 'flags'), word: flag, field: 'id' });
    }
    if (error.code === 'environment_not_found') {
      throw await didYouMean(error, { api, path: inProject(options, 'environments'), word: options.env ?? '', field: 'key' });
    }
    throw error;
  }
}
