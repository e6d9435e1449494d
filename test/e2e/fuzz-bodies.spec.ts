import { beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { clientFor, everything, flawOf, type WriteRoute, writeRoutes } from './support/hostile.js';

/** Another one finds other things; a failure prints what reproduces it. */
const SEED = 20_261_126;
const RUNS = 40;

const FIELDS = [
  ...['id', 'key', 'name', 'description', 'kind', 'role', 'project', 'environments', 'value_type', 'variants', 'default_variant'],
  ...['tags', 'owner', 'critical', 'status', 'targeting', 'changes', 'comment', 'flag', 'flags', 'version', 'to_revision'],
  ...['grace_seconds', 'expires_at', 'allowed_origins', '__proto__', 'constructor', 'prototype', 'toString', ''],
];
/** What is right somewhere, so that bodies get past the first check. */
const PLAUSIBLE = [
  ...['default', 'staging', 'production', 'right', 'on', 'off', 'enabled', 'disabled', 'boolean', 'string', 'number', 'object'],
  ...['server', 'client', 'viewer', 'admin', 'https://app.example', '2099-01-01T00:00:00Z', 'checkout.*', '\u0000', '\ud800'],
];
const OPERATORS = ['if', '==', 'in', 'var', 'and', '!', 'fractional', 'sem_ver', 'starts_with', 'exec', '$ref', '__proto__'];

const scalar = fc.oneof(
  fc.constantFrom(...PLAUSIBLE),
  fc.constantFrom(null, true, false, 0, -0, 1, -1, 1.5, 1e308, 2 ** 53, ''),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 300 }),
);
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    { weight: 4, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie('any'), { maxLength: 5 }) },
    { weight: 2, arbitrary: fc.dictionary(fc.constantFrom(...FIELDS, ...PLAUSIBLE, ...OPERATORS), tie('any'), { maxKeys: 5 }) },
  ),
})).any;

const object = fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 8 }).map((body) => JSON.stringify(body));
/** Right but for one place. */
const flag = fc
  .record({ id: fc.string({ minLength: 1, maxLength: 8 }), name: fc.constant('Fuzz'), value_type: fc.constant('boolean') })
  .chain((base) =>
    fc.tuple(fc.constantFrom(...FIELDS), value).map(([field, odd]) => ({ ...base, variants: { on: true }, [field]: odd })),
  )
  .map((body) => JSON.stringify(body));
const text = fc.oneof(
  { weight: 4, arbitrary: object },
  { weight: 2, arbitrary: flag },
  { weight: 1, arbitrary: value.map((body) => JSON.stringify(body) ?? '') },
  { weight: 1, arbitrary: fc.tuple(object, fc.nat()).map(([body, cut]) => body.slice(0, cut % (body.length + 1))) },
);
const bytes = fc.oneof(
  { weight: 6, arbitrary: text.map((body) => Buffer.from(body)) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 200 }).map((body) => Buffer.from(body)) },
  {
    weight: 1,
    arbitrary: fc.tuple(text, fc.nat(), fc.nat(255)).map(([body, place, byte]) => {
      const buffer = Buffer.from(body);
      if (buffer.length > 0) buffer[place % buffer.length] = byte;
      return buffer;
    }),
  },
);

describeEachDatabase('whatever body is thrown at a route', (database) => {
  const start = useServers();
  let server: TestServer;
  let key: string;
  let routes: WriteRoute[];

  beforeAll(async () => {
    server = await start({ database, env: { FLAGWIRE_TICKETS_PER_MINUTE: '1000000' } });
    await server.admin.createFlag('right');
    const made = await server.admin.createKey('staging');
    key = made.key;
    routes = await writeRoutes(server, made.id);
  });

  async function expectStandsFirm(route: WriteRoute): Promise<void> {
    let before = await everything(server.admin);
    const property = fc.asyncProperty(bytes, async (body) => {
      const answer = await clientFor(route, server.admin, key).request(route.method, route.path, body);
      const now = await everything(server.admin);
      const flaw = answer.status < 300 ? null : flawOf(answer);
      const isHalfWritten = answer.status >= 300 && JSON.stringify(now) !== JSON.stringify(before);
      before = now;
      if (flaw !== null) throw new Error(`answered with ${flaw}`);
      if (isHalfWritten) throw new Error(`refused with ${answer.status}, and yet something was written`);
    });
    await fc.assert(property, { seed: SEED, numRuns: RUNS, endOnFailure: true });
  }

  it('is taken whole or refused whole, with a reason, and never breaks the server', async () => {
    for (const route of routes) await expectStandsFirm(route);
    expect((await server.admin.request('GET', '/health/ready')).status).toBe(200);
    expect(server.isRunning).toBe(true);
  }, 300_000);
});
