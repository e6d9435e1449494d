import { beforeAll, describe, expect, it } from '@jest/globals';
import { metric } from '../e2e/support/metrics.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';

const MIB = 2 ** 20;
const TIMES = 10;
/** A little below the bound, so that all of the body is looked at. */
const FIELDS = 19_900;
const WITHIN_MS = 50;
const FLAGS = '/api/projects/default/flags';
const STAGING = '/api/projects/default/environments/staging';

/** A list of this text, as long as a body may be. */
function listOf(text: string): string {
  const count = Math.floor((MIB - 1000) / (text.length + 1));
  return `[${Array.from({ length: count }, () => text).join(',')}]`;
}

function fieldsOf(text: (index: number) => string): string {
  return `{${Array.from({ length: FIELDS }, (_, index) => text(index)).join(',')}}`;
}

const flag = (fields: string): string =>
  `{"id": "new", "name": "New", "value_type": "object", "variants": {"on": {}}, ${fields}}`;
const targeting = (rule: string): string => flag(`"environments": {"staging": {"targeting": ${rule}}}`);

const BODIES: [string, string, string][] = [
  ['unknown fields', FLAGS, fieldsOf((index) => `"f${index}": 1`)],
  ['variants', FLAGS, flag(`"variants": ${fieldsOf((index) => `"v${index}": 1`)}`)],
  ['a wide value', FLAGS, flag(`"variants": {"on": {"a": ${listOf('1')}}}`)],
  ['tags', FLAGS, flag(`"tags": ${listOf('""')}`)],
  ['environments', FLAGS, flag(`"environments": ${fieldsOf((index) => `"e${index}": 1`)}`)],
  ['wide targeting', FLAGS, targeting(`{"and": ${listOf('true')}}`)],
  ['deep targeting', FLAGS, targeting(`${'{"!": ['.repeat(100_000)}1${']}'.repeat(100_000)}`)],
  ['unknown operators', FLAGS, targeting(`{"and": [${Array.from({ length: 4000 }, () => '{"zz":[1]}').join(',')}]}`)],
  ['changes', `${STAGING}/change-sets`, `{"changes": ${listOf('{}')}}`],
  [
    'a thousand wrong changes',
    `${STAGING}/change-sets`,
    `{"changes": [${Array.from({ length: 1000 }, () => '{"a":1}').join(',')}]}`,
  ],
  ['objects', FLAGS, flag(`"tags": [${Array.from({ length: FIELDS }, () => '{}').join(',')}]`)],
  ['more fields than there may be', FLAGS, fieldsOf((index) => `"f${index}": {"a": 1}`)],
  ['lists inside each other', FLAGS, `${'['.repeat(MIB / 2)}${']'.repeat(MIB / 2)}`],
  ['different texts', FLAGS, flag(`"tags": [${Array.from({ length: 99_000 }, (_, index) => `"t${index}"`).join(',')}]`)],
  ['what ends in the middle', FLAGS, listOf('{}').slice(0, -1)],
  ['origins', `${STAGING}/sdk-keys`, `{"name": "k", "kind": "server", "allowed_origins": ${listOf('""')}}`],
  ['environments of a token', '/api/tokens', `{"name": "t", "role": "viewer", "environments": ${listOf('""')}}`],
];

describe('the refusal of a body of a mebibyte', () => {
  const start = useServers();
  let server: TestServer;

  beforeAll(async () => {
    server = await start();
  });

  /** Of the whole process: nothing on the event loop can have taken longer than that. */
  async function cpuMsOf(path: string, body: string): Promise<number> {
    const send = async (): Promise<void> => {
      const { status } = await server.admin.request('POST', path, body);
      if (status < 400 || status > 499) throw new Error(`answered ${status}`);
    };
    for (let turn = 0; turn < 3; turn += 1) await send();
    const before = await metric(server, 'process_cpu_seconds_total');
    for (let turn = 0; turn < TIMES; turn += 1) await send();
    return ((await metric(server, 'process_cpu_seconds_total')) - before) * (1000 / TIMES);
  }

  it.each(BODIES)('of %s takes the server less than 50 ms, its parsing among them', async (what, path, body) => {
    const took = await cpuMsOf(path, body);
    process.stdout.write(`refusal of ${what}: ${took.toFixed(1)} ms of ${WITHIN_MS}\n`);
    expect(took).toBeLessThan(WITHIN_MS);
  });
});
