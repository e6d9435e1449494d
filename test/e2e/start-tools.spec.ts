import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { httpRequest } from '../support/http-request.js';
import { freshDatabase } from '../support/fresh-database.js';
import { projectRoot } from '../support/project-root.js';
import { cleanEnvironment } from '../support/server-process.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

/** `npm run typeorm -- <command>`: exit code and output. */
function typeorm(databaseUrl: string, ...command: string[]): Promise<{ code: number; output: string }> {
  // Jest asks its children for colours.
  const env = { ...cleanEnvironment({ DATABASE_URL: databaseUrl }), FORCE_COLOR: '0', NO_COLOR: '1' };
  return new Promise((resolve) => {
    execFile('npm', ['run', '--silent', 'typeorm', '--', ...command], { cwd: projectRoot(), env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr });
    });
  });
}

describeEachDatabase("TypeORM's command line", (database) => {
  const start = useServers();

  it('finds the data source in ormconfig.ts: nothing is pending once a server has started, and the entities fit', async () => {
    const server = await start({ database });
    await server.stop();
    const shown = await typeorm(server.databaseUrl, 'migration:show');
    expect(shown.code).toBe(0);
    expect(shown.output).toMatch(/^\[X\].*InitialSchema/m);
    expect(shown.output).not.toMatch(/^\[ \]/m);
    const drift = await typeorm(server.databaseUrl, 'schema:log');
    expect(drift.code).toBe(0);
    expect(drift.output).toContain('up to date');
  });

  it('runs and reverts the migrations', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flagwire-typeorm-'));
    const fresh = database === 'postgres' ? await freshDatabase('typeorm') : null;
    const url = fresh?.url ?? `sqlite:${join(folder, 'flagwire.db')}`;
    try {
      expect((await typeorm(url, 'migration:show')).output).toMatch(/^\[ \].*InitialSchema/m);
      expect(await typeorm(url, 'migration:run')).toMatchObject({ code: 0 });
      expect((await typeorm(url, 'migration:show')).output).toMatch(/^\[X\].*InitialSchema/m);
      expect(await typeorm(url, 'migration:revert')).toMatchObject({ code: 0 });
      expect((await typeorm(url, 'migration:show')).output).toMatch(/^\[ \]/m);
    } finally {
      await fresh?.drop();
      rmSync(folder, { recursive: true });
    }
  });
});

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = Record<string, Json>;

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every value of a key, wherever it stands. */
function valuesOf(node: Json, key: string): Json[] {
  if (Array.isArray(node)) return node.flatMap((item) => valuesOf(item, key));
  if (!isObject(node)) return [];
  return Object.entries(node).flatMap(([name, value]) => [...(name === key ? [value] : []), ...valuesOf(value, key)]);
}

function at(document: Json, pointer: string): Json | undefined {
  const steps = pointer.replace(/^#\//, '').split('/');
  return steps.reduce<Json | undefined>((node, step) => {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    return isObject(node) ? node[name] : undefined;
  }, document);
}

describe('the OpenAPI document', () => {
  const start = useServers();
  let server: TestServer;
  let document: JsonObject;
  let operations: [path: string, method: string, operation: JsonObject][];

  beforeAll(async () => {
    server = await start();
    document = (await httpRequest(`${server.url}/docs-json`)).json() as JsonObject;
    operations = Object.entries(document['paths'] ?? {}).flatMap(([path, item]: [string, Json]) =>
      Object.entries(item ?? {})
        .filter(([method]) => METHODS.includes(method))
        .map(([method, operation]): [string, string, JsonObject] => [path, method, operation as JsonObject]),
    );
  });
  afterAll(() => server.stop());

  it('is one of version 3 whose references all lead somewhere', async () => {
    const answer = await httpRequest(`${server.url}/docs-json`);
    expect([answer.status, answer.header('content-type')]).toEqual([200, expect.stringContaining('application/json')]);
    expect(document['openapi']).toMatch(/^3\.[01]\.\d+$/);
    expect(document['info']).toEqual(expect.objectContaining({ title: expect.any(String), version: expect.any(String) }));
    const references = valuesOf(document, '$ref').map(String);
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((reference) => at(document, reference) === undefined)).toEqual([]);
  });

  it('gives every operation a name of its own, answers, and the parameters of its path', () => {
    const names = operations.map(([, , operation]) => operation['operationId']);
    expect(names.length).toBeGreaterThan(20);
    expect(new Set(names).size).toBe(names.length);
    const faults = operations.filter(([path, , operation]) => {
      const responses = Object.keys(operation['responses'] ?? {});
      const declared = ((operation['parameters'] ?? []) as JsonObject[]).filter((item) => item['in'] === 'path');
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const given = declared.filter((item) => item['required'] === true).map((item) => item['name']);
      return responses.length === 0 || JSON.stringify([...wanted].sort()) !== JSON.stringify([...given].sort());
    });
    expect(faults.map(([path, method]) => `${method} ${path}`)).toEqual([]);
  });

  it('has the routes that other programs rely on', () => {
    const flag = '/api/projects/{project}/flags/{flag}';
    const environment = '/api/projects/{project}/environments/{env}';
    const wanted = [
      ['/sdk/stream', 'get'],
      ['/sdk/poll', 'get'],
      ['/sdk/ticket', 'post'],
      ['/api/projects', 'post'],
      ['/api/tokens', 'post'],
      [flag, 'patch'],
      [flag, 'delete'],
      [`${flag}/restore`, 'post'],
      [`${flag}/environments/{env}`, 'patch'],
      [`${environment}/change-sets`, 'post'],
      [`${environment}/changes`, 'get'],
      [`${environment}/sdk-keys`, 'post'],
      [`${environment}/sdk-keys/{id}/rotate`, 'post'],
    ];
    const present = operations.map(([path, method]) => `${method} ${path}`);
    expect(wanted.map(([path, method]) => `${method} ${path}`).filter((route) => !present.includes(route))).toEqual([]);
  });
});
