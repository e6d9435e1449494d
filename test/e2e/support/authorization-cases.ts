import { type AdminLine, mayUse, type Reach, type Role } from './route-lines.js';
import { ENVIRONMENTS, type Home, PROJECTS, type World } from './scopes-world.js';

const ROLES: Role[] = ['viewer', 'editor', 'admin'];
const REACHES: Reach[] = ['server', 'project', 'environment'];

/** Who asks. `setting`: FLAGWIRE_ADMIN_TOKEN. */
export interface Holder {
  role: Role;
  reach: Reach;
  life: 'live' | 'setting' | 'revoked' | 'expired';
}

export const HOLDERS: Holder[] = [
  ...ROLES.flatMap((role) => REACHES.map((reach): Holder => ({ role, reach, life: 'live' }))),
  { role: 'admin', reach: 'server', life: 'setting' },
  { role: 'admin', reach: 'server', life: 'revoked' },
  { role: 'admin', reach: 'server', life: 'expired' },
];

export interface Route {
  method: string;
  /** As in the document. */
  path: string;
  line: AdminLine;
  sample: object | undefined;
}

/** What stands in the path, by place; the thing is that of this index, or one that is not there. */
export interface Target {
  project: (typeof PROJECTS)[number];
  env: (typeof ENVIRONMENTS)[number];
  thing: number;
}

export interface Case {
  route: Route;
  holder: Holder;
  target: Target;
}

const NOBODY = 'c0ffee00-0000-4000-8000-000000000000';

function thingsOf({ path }: Route): 'flags' | 'keys' | null {
  if (path.includes('{flag}')) return 'flags';
  return path.includes('/sdk-keys/{id}') ? 'keys' : null;
}

/** Every combination of own, foreign and missing things that the path can name; the last thing is missing. */
export function targetsOf(route: Route): Target[] {
  const { path } = route;
  const kind = thingsOf(route);
  const things = kind === null ? [0] : kind === 'flags' ? [0, 1, 2] : [0, 1, 2, 3];
  const projects = path.includes('{project}') ? PROJECTS : (['ours'] as const);
  const environments = path.includes('{env}') ? ENVIRONMENTS : (['mine'] as const);
  return projects.flatMap((project) => environments.flatMap((env) => things.map((thing) => ({ project, env, thing }))));
}

export function pathOf(route: Route, { project, env, thing }: Target, world: World): string {
  const kind = thingsOf(route);
  const id = kind === null ? world.spareToken : (world[kind][thing]?.id ?? NOBODY);
  const values: Record<string, string> = { project: world.projects[project], env, flag: id, id, revision: '1' };
  return route.path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? NOBODY);
}

function isThere(route: Route, { project, env, thing }: Target, world: World): boolean {
  const { path } = route;
  if (path.includes('{project}') && project === 'nowhere') return false;
  if (path.includes('{env}') && env === 'absent') return false;
  const kind = thingsOf(route);
  if (kind === null) return true;
  const home: Home | undefined = world[kind][thing];
  return home?.project === world.projects[project] && (home.env === undefined || home.env === env);
}

/** The statuses that are right: 2xx for nothing but what is there and allowed. */
export function expected({ route, holder, target }: Case, world: World): readonly number[] | 'success' {
  // Those who send many dead tokens are told to wait, which is no way in either.
  if (holder.life === 'revoked' || holder.life === 'expired') return [401, 429];
  const place = { ownProject: target.project === 'ours', ownEnvironment: target.project === 'ours' && target.env === 'mine' };
  if (!mayUse(holder, route.line, place)) return [403];
  return isThere(route, target, world) ? 'success' : [404];
}

export function describeCase({ route, holder, target }: Case): string {
  const who = `${holder.life} ${holder.role} of the ${holder.reach}`;
  return `${who}: ${route.method} ${route.path} at ${target.project}/${target.env}, thing ${target.thing}`;
}
