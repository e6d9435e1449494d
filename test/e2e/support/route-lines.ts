/**
 * Who may use which route, written by hand from the design: nothing here is computed by the product. A route without a line fails
 * the suite, so that whoever adds one has to say here who may use it.
 */
export type Role = 'viewer' | 'editor' | 'admin';

/** How far an admin token reaches. */
export type Reach = 'server' | 'project' | 'environment';

/**
 * What a route concerns:
 * `server`: no single project, so that only tokens for the whole server may use it;
 * `scope`, `projects`: a list that holds what the token opens, for tokens of every reach, or of all but some environments;
 * `project`: a project, which tokens for some of its environments may read, too;
 * `environments`: all environments of a project at once;
 * `environment`: one environment;
 * `figures`: the node, for whoever has an admin token.
 */
type Concern = 'server' | 'scope' | 'projects' | 'project' | 'environments' | 'environment' | 'figures';

export interface AdminLine {
  role: Role;
  about: Concern;
  /** What the sample of the document's schema lacks; `fresh` is a name that no other request uses. */
  body?: (fresh: string, flag: string) => object;
  /** A second request for the same thing would be answered otherwise: each gets things of its own. */
  spends?: true;
}

/** The status for each kind of credential; `ticket` stands in `?ticket=`. */
export interface SdkLine {
  server: number;
  ticket: number;
  client: number;
}

export type Line = 'open' | AdminLine | SdkLine;

const PROJECT = '/api/projects/{project}';
const ENV = `${PROJECT}/environments/{env}`;
const FLAG = `${PROJECT}/flags/{flag}`;
const KEY = `${ENV}/sdk-keys/{id}`;

const named = (fresh: string) => ({ key: fresh });
const status = () => ({ status: 'enabled' });

/** Whether it is a route for SDKs, by its path. */
export function isOfSdks(path: string): boolean {
  return /^\/(sdk|ofrep|flagd)\//.test(path);
}

export const LINES: Record<string, Line> = {
  'GET /health/live': 'open',
  'GET /health/ready': 'open',
  'GET /metrics': { role: 'viewer', about: 'figures' },

  'GET /sdk/stream': { server: 200, ticket: 200, client: 403 },
  // Without an upgrade, it asks for one.
  'GET /sdk/ws': { server: 426, ticket: 426, client: 403 },
  'GET /sdk/poll': { server: 200, ticket: 401, client: 403 },
  // Let in, they lack a body.
  'POST /sdk/ack': { server: 400, ticket: 400, client: 403 },
  'POST /sdk/ticket': { server: 200, ticket: 401, client: 403 },

  'GET /flagd/v1/flags': { server: 200, ticket: 401, client: 403 },
  // Let in, they lack a context.
  'POST /ofrep/v1/evaluate/flags': { server: 400, ticket: 401, client: 400 },
  // It takes stream tokens alone.
  'GET /ofrep/v1/stream': { server: 401, ticket: 401, client: 401 },
  'POST /ofrep/v1/evaluate/flags/{key}': { server: 400, ticket: 401, client: 400 },

  'GET /api/audit': { role: 'admin', about: 'projects' },
  'GET /api/tokens': { role: 'admin', about: 'server' },
  'POST /api/tokens': { role: 'admin', about: 'server' },
  'DELETE /api/tokens/{id}': { role: 'admin', about: 'server', spends: true },

  'GET /api/projects': { role: 'viewer', about: 'scope' },
  'POST /api/projects': { role: 'admin', about: 'server', body: named },
  [`GET ${PROJECT}`]: { role: 'viewer', about: 'project' },
  [`PATCH ${PROJECT}`]: { role: 'admin', about: 'environments' },
  [`DELETE ${PROJECT}`]: { role: 'admin', about: 'environments', spends: true },

  [`GET ${PROJECT}/environments`]: { role: 'viewer', about: 'project' },
  [`POST ${PROJECT}/environments`]: { role: 'admin', about: 'environments', body: named },
  [`GET ${ENV}`]: { role: 'viewer', about: 'environment' },
  [`PATCH ${ENV}`]: { role: 'admin', about: 'environment' },
  [`DELETE ${ENV}`]: { role: 'admin', about: 'environment', spends: true },
  [`POST ${ENV}/change-sets`]: {
    role: 'editor',
    about: 'environment',
    body: (_, flag) => ({ changes: [{ flag, ...status() }] }),
  },
  [`POST ${ENV}/rollback`]: { role: 'editor', about: 'environment', body: () => ({ to_revision: 0 }) },
  [`GET ${ENV}/changes`]: { role: 'viewer', about: 'environment' },
  [`GET ${ENV}/changes/{revision}/propagation`]: { role: 'viewer', about: 'environment' },
  [`GET ${ENV}/connections`]: { role: 'viewer', about: 'environment' },

  [`GET ${ENV}/sdk-keys`]: { role: 'viewer', about: 'environment' },
  [`POST ${ENV}/sdk-keys`]: { role: 'admin', about: 'environment' },
  [`POST ${KEY}/rotate`]: { role: 'admin', about: 'environment', spends: true },
  [`DELETE ${KEY}`]: { role: 'admin', about: 'environment', spends: true },

  // It holds the settings of every environment.
  [`GET ${PROJECT}/export`]: { role: 'viewer', about: 'environments' },
  [`POST ${PROJECT}/import`]: { role: 'editor', about: 'environments' },
  [`GET ${PROJECT}/flags`]: { role: 'viewer', about: 'project' },
  [`POST ${PROJECT}/flags`]: { role: 'editor', about: 'environments', body: (fresh) => ({ id: fresh }) },
  [`GET ${FLAG}`]: { role: 'viewer', about: 'project' },
  [`PATCH ${FLAG}`]: { role: 'editor', about: 'environments' },
  [`DELETE ${FLAG}`]: { role: 'editor', about: 'environments', spends: true },
  [`POST ${FLAG}/restore`]: { role: 'editor', about: 'environments', spends: true },
  [`GET ${FLAG}/environments/{env}`]: { role: 'viewer', about: 'environment' },
  [`PATCH ${FLAG}/environments/{env}`]: { role: 'editor', about: 'environment', body: status },
};

const RANK: Record<Role, number> = { viewer: 0, editor: 1, admin: 2 };

/** Where a request goes, seen from a token for one project or for one environment of it. */
export interface Place {
  ownProject: boolean;
  ownEnvironment: boolean;
}

/** The whole rule of admin tokens. */
export function mayUse(holder: { role: Role; reach: Reach }, { role, about }: AdminLine, place: Place): boolean {
  const { reach } = holder;
  if (RANK[holder.role] < RANK[role]) return false;
  if (reach === 'server') return true;
  switch (about) {
    case 'server':
      return false;
    case 'scope':
    case 'figures':
      return true;
    case 'projects':
      return reach === 'project';
    case 'project':
      return place.ownProject;
    case 'environments':
      return place.ownProject && reach === 'project';
    case 'environment':
      return place.ownProject && (reach === 'project' || place.ownEnvironment);
  }
}
