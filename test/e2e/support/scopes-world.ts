import { type AdminClient } from '../../support/admin-client.js';

export const PROJECTS = ['ours', 'theirs', 'nowhere'] as const;
export const ENVIRONMENTS = ['mine', 'other', 'absent'] as const;

/** Where something is; a flag is in a project alone. */
export interface Home {
  project: string;
  env?: string;
}

export interface Thing extends Home {
  id: string;
}

/**
 * Two projects with the same two environments: a token for one project is for `ours`, one for an environment is for `mine` in it.
 * Whatever is in them has a name that says where, behind `mark-`.
 */
export interface World {
  projects: Record<(typeof PROJECTS)[number], string>;
  flags: Thing[];
  /** Server keys. */
  keys: Thing[];
  /** Of an admin token that nobody uses. */
  spareToken: string;
  archived: boolean;
}

let made = 0;

async function fill(admin: AdminClient, project: string, mark: string, archived: boolean): Promise<Thing> {
  await admin.createProject(project, mark);
  for (const env of ENVIRONMENTS.slice(0, 2)) await admin.createEnvironment(env, { project });
  const id = `${mark}-flag`;
  const targeting = (env: string) => ({ if: [{ '==': [{ var: `${mark}-${env}` }, 1] }, 'on', 'off'] });
  const environments = { mine: { targeting: targeting('mine') }, other: { targeting: targeting('other') } };
  const variants = { on: `${mark}-on`, off: `${mark}-off` };
  await admin.createFlag(id, { value_type: 'string', variants, environments }, { project });
  if (archived) await admin.archive(id, { project });
  return { id, project };
}

/** @param archived whether the flags are. */
export async function makeWorld(admin: AdminClient, archived = false): Promise<World> {
  const suffix = (made += 1);
  const [ours, theirs] = [`ours-${suffix}`, `theirs-${suffix}`];
  const flags = [await fill(admin, ours, 'mark-ours', archived), await fill(admin, theirs, 'mark-theirs', archived)];
  const homes = [
    { project: ours, env: 'mine' },
    { project: ours, env: 'other' },
    { project: theirs, env: 'mine' },
  ];
  const keys: Thing[] = [];
  for (const { project, env } of homes) {
    const name = `${project === ours ? 'mark-ours' : 'mark-theirs'}-${env} key`;
    keys.push({ id: (await admin.createKey(env, 'server', { name }, { project })).id, project, env });
  }
  const spareToken = (await admin.createToken('viewer', { name: 'mark-theirs spare', project: theirs })).id;
  return { projects: { ours, theirs, nowhere: 'nowhere' }, flags, keys, spareToken, archived };
}
