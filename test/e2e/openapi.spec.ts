import { beforeAll, describe, expect, it } from '@jest/globals';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
}

interface Content {
  content?: Record<string, { schema?: Schema & { $ref?: string } }>;
}

interface Operation {
  operationId?: string;
  tags?: string[];
  parameters?: { name: string; in: string; required: boolean; schema?: object }[];
  requestBody?: Content & { required?: boolean };
  responses: Record<string, Content & { description?: string; headers?: Record<string, object> }>;
  security?: Record<string, string[]>[];
}

interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, { type: string; in?: string; name?: string }> };
  security?: Record<string, string[]>[];
}

const ENV = '/api/projects/{project}/environments/{env}';
const FLAG = '/api/projects/{project}/flags/{flag}';
/** Of the table in the design, as far as it is built. */
const ADMIN_API: Record<string, string[]> = {
  '/api/projects': ['get', 'post'],
  '/api/projects/{project}': ['get', 'patch', 'delete'],
  '/api/projects/{project}/environments': ['get', 'post'],
  [ENV]: ['get', 'patch', 'delete'],
  '/api/projects/{project}/flags': ['get', 'post'],
  [FLAG]: ['get', 'patch', 'delete'],
  [`${FLAG}/restore`]: ['post'],
  [`${FLAG}/environments/{env}`]: ['get', 'patch'],
  [`${ENV}/change-sets`]: ['post'],
  [`${ENV}/changes`]: ['get'],
  [`${ENV}/sdk-keys`]: ['get', 'post'],
  [`${ENV}/sdk-keys/{id}/rotate`]: ['post'],
  [`${ENV}/sdk-keys/{id}`]: ['delete'],
  [`${ENV}/rollback`]: ['post'],
  '/api/projects/{project}/export': ['get'],
  '/api/projects/{project}/import': ['post'],
  '/api/audit': ['get'],
  '/api/tokens': ['get', 'post'],
  '/api/tokens/{id}': ['delete'],
};
const SDK = ['/sdk/stream', '/sdk/poll', '/sdk/ticket'];
const OPEN = ['/health/live', '/health/ready'];
const BODILESS = [`${FLAG}/restore`];

const start = useServers();
let server: TestServer;
let document: Document;

beforeAll(async () => {
  server = await start();
  document = (await server.admin.as(null).call<Document>('GET', '/docs-json')).body;
});

function operations(): { name: string; path: string; method: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, method, operation })),
  );
}

/** What a `#/…` reference points at; undefined where that is nothing. */
function resolve(reference: string): unknown {
  const steps = reference.replace(/^#\//, '').split('/');
  return steps.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], document);
}

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => (key === '$ref' && typeof item === 'string' ? [item] : references(item)));
}

function schemaOf(content: Content | undefined, type = 'application/json'): Schema | undefined {
  const schema = content?.content?.[type]?.schema;
  return schema?.$ref === undefined ? schema : (resolve(schema.$ref) as Schema);
}

function names(rule: (of: ReturnType<typeof operations>[number]) => boolean): string[] {
  return operations().flatMap((of) => (rule(of) ? [of.name] : []));
}

describe('the OpenAPI document', () => {
  it('is one of version 3, in JSON', async () => {
    const { headers } = await httpRequest(`${server.url}/docs-json`);
    expect(headers['content-type']).toMatch(/^application\/json\b/);
    expect(document.openapi).toMatch(/^3\.\d+\.\d+$/);
    expect([typeof document.info.title, typeof document.info.version]).toEqual(['string', 'string']);
  });

  it('has every operation once: under one tag', () => {
    expect(names(({ operation }) => operation.tags?.length !== 1)).toEqual([]);
  });

  it('has every path of the admin API with its methods', () => {
    const listed = Object.fromEntries(
      Object.keys(ADMIN_API).map((path) => [path, Object.keys(document.paths[path] ?? {}).sort()]),
    );
    expect(listed).toEqual(Object.fromEntries(Object.entries(ADMIN_API).map(([path, methods]) => [path, methods.sort()])));
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining([...SDK, ...OPEN, '/metrics']));
  });

  it('has something at the end of every reference', () => {
    const all = [...new Set(references(document))];
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter((reference) => !reference.startsWith('#/') || resolve(reference) === undefined)).toEqual([]);
  });

  it('names each operation once, and each parameter of a path', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const incomplete = names(({ path, operation }) => {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path' && parameter.required);
      return inPath.some((name) => !declared.some((parameter) => parameter.name === name)) || declared.length !== inPath.length;
    });
    expect(incomplete).toEqual([]);
  });

  it('has a schema with fields for every body, and for every answer that has one', () => {
    const withBody = ({ method, path }: { method: string; path: string }) =>
      ['post', 'patch', 'put'].includes(method) && !BODILESS.includes(path);
    const bare = (schema: Schema | undefined) => Object.keys(schema?.properties ?? {}).length === 0;
    expect(names((of) => withBody(of) && bare(schemaOf(of.operation.requestBody)))).toEqual([]);
    const answerless = names(({ path, operation: { responses } }) => {
      const [status, answer] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? [];
      return path.startsWith('/api') && status !== '204' && bare(schemaOf(answer));
    });
    expect(answerless).toEqual([]);
  });

  it('says of every route of the admin API how it refuses', () => {
    const problem = ({ operation: { responses } }: { operation: Operation }, status: number) =>
      schemaOf(responses[status], 'application/problem+json')?.properties?.['code'] !== undefined;
    const silent = names((of) => of.path.startsWith('/api') && ![400, 401, 403, 404].every((status) => problem(of, status)));
    expect(silent).toEqual([]);
    const versioned = ['patch', 'delete'].map((method) => `${method} ${FLAG}`);
    const conditional = [...versioned, `patch ${FLAG}/environments/{env}`, `post ${ENV}/change-sets`, `post ${FLAG}/restore`];
    const takesIfMatch = ({ operation }: { operation: Operation }) =>
      (operation.parameters ?? []).some((parameter) => parameter.in === 'header' && parameter.name === 'If-Match');
    expect(names((of) => conditional.includes(of.name) && !(takesIfMatch(of) && problem(of, 412)))).toEqual([]);
  });

  it('takes an Idempotency-Key on every POST of the admin API, and on nothing else', () => {
    const takesKey = names(({ operation: { parameters = [], responses } }) => {
      const isTaken = parameters.some(({ name, in: where }) => where === 'header' && name === 'Idempotency-Key');
      return isTaken && responses['409'] !== undefined && responses['422'] !== undefined;
    });
    expect(takesKey).toEqual(names(({ method, path }) => method === 'post' && path.startsWith('/api')));
    expect(takesKey.length).toBeGreaterThan(7);
  });

  it('declares the credential of every route that asks for one, and none for the others', () => {
    const schemes = Object.keys(document.components.securitySchemes);
    const declared = ({ security }: Operation) => security ?? document.security ?? [];
    const isClosed = (path: string) => !OPEN.includes(path);
    expect(names(({ path, operation }) => isClosed(path) !== declared(operation).length > 0)).toEqual([]);
    const used = operations().flatMap(({ operation }) => declared(operation).flatMap((scheme) => Object.keys(scheme)));
    expect(used.filter((name) => !schemes.includes(name))).toEqual([]);
  });

  it('says what the doors of the protocol take', () => {
    const queries = (path: string) =>
      (document.paths[path]?.['get']?.parameters ?? []).flatMap((parameter) =>
        parameter.in === 'query' ? [parameter.name] : [],
      );
    expect(queries('/sdk/stream')).toEqual(expect.arrayContaining(['flags', 'env', 'last_event_id']));
    const poll = ['flags', 'env', 'since', 'wait', 'if_none_match', 'if_modified_since'];
    expect(queries('/sdk/poll')).toEqual(expect.arrayContaining(poll));
  });
});

describe('the API page', () => {
  it('is HTML whose parts are all served from here, also without the internet', async () => {
    const page = await httpRequest(`${server.url}/docs`);
    expect([page.status, page.header('content-type')]).toEqual([200, expect.stringMatching(/^text\/html\b/)]);
    const parts = [...page.text.matchAll(/<(?:script|link|img)\b[^>]*?\b(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '');
    expect(parts.filter((part) => part.endsWith('.js')).length).toBeGreaterThanOrEqual(2);
    for (const part of parts) {
      const url = new URL(part, `${server.url}/docs`);
      expect(url.origin).toBe(server.url);
      const { status, bytes } = await httpRequest(url);
      expect([part, status, bytes.length > 0]).toEqual([part, 200, true]);
    }
    const styles = [...page.text.matchAll(/url\(['"]?([^'")]+)/g)].map(([, url]) => url ?? '');
    expect(styles.filter((url) => /^(https?:)?\/\//.test(url))).toEqual([]);
  });

  it('is fed with the document itself, and asks no validator elsewhere', async () => {
    const { text } = await httpRequest(`${server.url}/docs/swagger-ui-init.js`);
    expect(text).toContain('/api/projects/{project}/flags/{flag}/environments/{env}');
    const elsewhere = [...text.matchAll(/https?:\/\/[^\s"'`]+/g)].map(([url]) => new URL(url).hostname);
    expect(elsewhere.filter((host) => !host.endsWith('example.com') && host !== '127.0.0.1')).toEqual([]);
  });

  it('stands at /docs/ as well', async () => {
    const page = await httpRequest(`${server.url}/docs/`);
    const script = /src="([^"]*swagger-ui-bundle[^"]*)"/.exec(page.text)?.[1] ?? 'none';
    expect((await httpRequest(new URL(script, `${server.url}/docs/`))).status).toBe(200);
  });
});
