import { type AdminClient, type AdminAnswer } from '../../support/admin-client.js';
import { auditTrail } from '../../support/audit-pages.js';
import { type TestServer } from '../../support/server.js';
import { isOfSdks } from './route-lines.js';

/** A route that takes a body, with its path filled in. */
export interface WriteRoute {
  method: string;
  /** As documented: `/api/projects/{project}`. */
  name: string;
  path: string;
}

interface OpenApi {
  paths: Record<string, Record<string, { requestBody?: object }>>;
}

const WRITES = ['post', 'patch', 'put'];
const NOWHERE = 'c0ffee00-0000-4000-8000-000000000000';

/** Every route of /docs-json that takes a body: project `default`, environment `staging`, flag `right`, and `id`. */
export async function writeRoutes(server: TestServer, id = NOWHERE): Promise<WriteRoute[]> {
  const { body } = await server.admin.as(null).call<OpenApi>('GET', '/docs-json');
  const values: Record<string, string> = { project: 'default', env: 'staging', flag: 'right', id };
  return Object.entries(body.paths).flatMap(([name, operations]) =>
    Object.entries(operations)
      .filter(([method, { requestBody }]) => WRITES.includes(method) && requestBody !== undefined)
      .map(([method]) => ({
        method: method.toUpperCase(),
        name,
        path: name.replace(/\{(\w+)\}/g, (_, parameter: string) => values[parameter] ?? NOWHERE),
      })),
  );
}

/** What each route may be asked with: admin token or SDK key. */
export function clientFor(route: WriteRoute, admin: AdminClient, key: string): AdminClient {
  return isOfSdks(route.path) ? admin.as(key) : admin;
}

/** All that writes of the admin API can change: compared before and after a refusal. */
export async function everything(admin: AdminClient): Promise<unknown> {
  const { body: projects } = await admin.call<{ items: { key: string }[] }>('GET', '/api/projects?limit=100');
  const ofProjects = await Promise.all(
    projects.items.map(async ({ key }) => ({
      export: (await admin.call('GET', `/api/projects/${key}/export`)).body,
      environments: await ofEnvironments(admin, key),
    })),
  );
  // Exports are noted, and are no write.
  const audit = (await auditTrail(admin)).filter(({ action }) => action !== 'project.exported');
  const tokens = (await admin.call<{ items: object[] }>('GET', '/api/tokens?limit=100')).body.items.map(withoutUse);
  return { projects, ofProjects, audit, tokens };
}

async function ofEnvironments(admin: AdminClient, project: string): Promise<unknown> {
  const base = `/api/projects/${project}/environments`;
  const { body } = await admin.call<{ items: { key: string }[] }>('GET', `${base}?limit=100`);
  const each = body.items.map(async ({ key }) => ({
    keys: (await admin.call<{ items: object[] }>('GET', `${base}/${key}/sdk-keys?limit=100`)).body.items.map(withoutUse),
    changes: (await admin.call('GET', `${base}/${key}/changes?limit=100`)).body,
  }));
  return { body, each: await Promise.all(each) };
}

/** When a credential was last used is no part of what is written. */
function withoutUse(item: object): object {
  return { ...item, last_used_at: null };
}

/** As OFREP's OpenAPI document has errors. */
function isOfrepError(status: number, code: string, details: unknown): boolean {
  const codes = status === 404 ? ['FLAG_NOT_FOUND'] : ['PARSE_ERROR', 'TARGETING_KEY_MISSING', 'INVALID_CONTEXT', 'GENERAL'];
  return [400, 404].includes(status) && codes.includes(code) && typeof details === 'string' && details.length > 10;
}

/** One line for what is wrong with a refusal; null: it is a problem document that says what to change. */
export function flawOf({ status, headers, body }: AdminAnswer): string | null {
  if (status < 400 || status > 499) return `status ${status}`;
  const { errorCode, errorDetails } = body as Record<string, unknown>;
  if (typeof errorCode === 'string')
    return isOfrepError(status, errorCode, errorDetails) ? null : `no OFREP: ${JSON.stringify(body)}`;
  if (headers['content-type'] !== 'application/problem+json') return `content type ${headers['content-type']}`;
  const { code, detail, status: told } = body as Record<string, unknown>;
  if (told !== status) return `status ${status}, told as ${String(told)}`;
  return typeof code === 'string' && typeof detail === 'string' && detail.length > 10
    ? null
    : `no detail: ${JSON.stringify(body)}`;
}
