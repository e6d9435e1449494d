import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

/** A little below the bound of an import, so that all of it is looked at. */
const BYTES = 20 * 2 ** 20 - 10_000;
const WITHIN_MS = 50;
/** Of which the one in the middle counts: the first compiles code on its way, and one may meet a collection of the whole heap. */
const ATTEMPTS = 3;
const IMPORT = '/api/projects/default/import';
const ENVIRONMENT = '/api/projects/default/environments/staging';
const FLAGD = `${IMPORT}?format=flagd&environment=staging`;

/** A list of this text, as long as a document may be, or of that many. */
function listOf(text: string, most = Infinity): string {
  const count = Math.min(most, Math.floor(BYTES / (text.length + 1)));
  return `[${Array.from({ length: count }, () => text).join(',')}]`;
}

const texts = (count: number, text: (index: number) => string) => Array.from({ length: count }, (_, index) => text(index));
const fields = (count: number, value: string) => `{${texts(count, (index) => `"f${index}": ${value}`).join(',')}}`;
/** Of which the last flag is wrong in any case. */
const documentOf = (flags: readonly string[]) => `{"format": "flagwire", "version": 1, "flags": [${[...flags, '{}'].join(',')}]}`;
const flag = (index: number, more = '') =>
  `{"id": "f${index}", "name": "F", "value_type": "object", "variants": {"on": {}}, "default_variant": "on"${more}}`;
const rule = (targeting: string) => `, "environments": {"staging": {"targeting": ${targeting}}}`;
const long = (length: number) => 'é'.repeat(length / 2);
const flagdOf = (evaluators: string, targeting: string, count = 1) => {
  const flags = texts(count, (index) => `"f${index}": {"state": "ENABLED", "variants": {"on": true}, "targeting": ${targeting}}`);
  return `{"$evaluators": ${evaluators}, "flags": {${[...flags, '"last": {}'].join(',')}}}`;
};

const DOCUMENTS: [string, string, string][] = [
  ['unknown fields', IMPORT, fields(49_000, `"${long(180)}"`)],
  ['fields, as many as there may be', IMPORT, `[${listOf(fields(9_990, '1'), 99)}]`],
  ['more fields than there may be', IMPORT, fields(1_100_000, '1')],
  ['ten million numbers', IMPORT, `{"flags": ${listOf('1')}}`],
  ['lists of numbers', IMPORT, `{"flags": ${listOf(`[${'1,'.repeat(49_000)}1]`, 20)}}`],
  ['more lists of numbers than there may be', IMPORT, `{"flags": ${listOf(`[${'1,'.repeat(49_000)}1]`)}}`],
  ['lists inside each other', IMPORT, '['.repeat(BYTES)],
  [
    'what ends in the middle',
    IMPORT,
    documentOf(texts(19_000, (index) => flag(index, `, "description": "${long(800)}"`))).slice(0, -1),
  ],
  [
    'a flag that is wrong after 19,000 that are right',
    IMPORT,
    documentOf(texts(19_000, (index) => flag(index, `, "description": "${long(800)}"`))),
  ],
  ['20,000 empty flags', IMPORT, documentOf(texts(19_999, () => '{}'))],
  ['more flags than there may be', IMPORT, documentOf(texts(49_000, () => '{}'))],
  ['flags that are one', IMPORT, documentOf(texts(19_999, () => flag(1)))],
  ['a long name', IMPORT, documentOf([flag(1, `, "name": "${long(BYTES)}"`)])],
  ['a long id', IMPORT, documentOf([flag(1, `, "id": "${long(BYTES)}"`)])],
  ['a long description of escapes', IMPORT, documentOf([flag(1, `, "description": "${'\\u00e9'.repeat(BYTES / 6)}"`)])],
  ['a long format', IMPORT, `{"format": "${long(BYTES)}"}`],
  ['unknown environments', IMPORT, documentOf(texts(4_900, (index) => flag(index, `, "environments": ${fields(90, '{}')}`)))],
  [
    'environments beyond number',
    IMPORT,
    documentOf(texts(10, (index) => flag(index, `, "environments": ${fields(49_000, '{}')}`))),
  ],
  ['variants', IMPORT, documentOf(texts(10, (index) => flag(index, `, "variants": ${fields(49_000, '1')}`)))],
  [
    'wide values',
    IMPORT,
    documentOf(texts(30, (index) => flag(index, `, "variants": {"on": {"a": [${'1,'.repeat(32_800)}1]}}`))),
  ],
  [
    'values of many values',
    IMPORT,
    documentOf(texts(100, (index) => flag(index, `, "variants": {"on": {"a": ${listOf('[[],[]]', 3_000)}}}`))),
  ],
  ['tags', IMPORT, documentOf(texts(20, (index) => flag(index, `, "tags": ${listOf('""', 49_000)}`)))],
  ['unknown operators', IMPORT, documentOf(texts(230, (index) => flag(index, rule(`{"and": ${listOf('{"zz":[1]}', 1_500)}}`))))],
  ['wide targeting', IMPORT, documentOf(texts(31, (index) => flag(index, rule(`{"and": ${listOf('1', 32_000)}}`))))],
  ['rules of flagd', FLAGD, flagdOf(fields(950, `{"and": ${listOf('1', 1_000)}}`), '{}')],
  [
    'one rule of flagd in many places',
    FLAGD,
    flagdOf(`{"r": {"and": ${listOf('true', 12_000)}}}`, `{"or": ${listOf('{"$ref": "r"}', 900)}}`, 60),
  ],
  [
    'rules of flagd inside each other',
    FLAGD,
    flagdOf(
      `{${texts(8, (index) => `"r${index}": {"or": ${listOf(index === 7 ? 'true' : `{"$ref": "r${index + 1}"}`, 60)}}`).join(',')}}`,
      '{"$ref": "r0"}',
      60,
    ),
  ],
  ['operations', IMPORT, documentOf(texts(60, (index) => flag(index, rule(`{"and": ${listOf('{"!":[1]}', 6_000)}}`))))],
  [
    'settings of one flag in many environments',
    IMPORT,
    documentOf([flag(1, `, "environments": ${fields(62, `{"targeting": {"or": ${listOf('"a"', 16_000)}}}`)}`)]),
  ],
  [
    'a change set of wide targetings',
    `${ENVIRONMENT}/change-sets`,
    `{"changes": [${texts(16, (index) => `{"flag": "f${index}", "targeting": {"or": ${listOf('"a"', 16_000)}}}`).join(',')}]}`,
  ],
  [
    'a flag of wide targetings',
    '/api/projects/default/flags',
    flag(99, `, "environments": ${fields(16, `{"targeting": {"or": ${listOf('"a"', 16_000)}}}`)}`),
  ],
  ['flags of flagd', FLAGD, `{"flags": ${fields(20_000, '{}')}}`],
];

describe('the refusal of much at once', () => {
  const start = useServers();
  let server: TestServer;

  beforeAll(async () => {
    server = await start({ nodeArgs: ['--import', join(__dirname, 'support/turns.mjs')] });
    for (let index = 0; index < 16; index += 1) {
      const { status } = await server.admin.request('POST', '/api/projects/default/flags', flag(index));
      if (status !== 201) throw new Error(`a flag was answered ${status}`);
    }
  });

  /** What the watcher says to a signal. */
  async function signalled(answer: RegExp): Promise<string> {
    const before = server.stderr().length;
    server.signal('SIGUSR2');
    return eventually(
      () => {
        const [, said] = answer.exec(server.stderr().slice(before)) ?? [];
        if (said === undefined) throw new Error('nothing of the kind was said');
        return said;
      },
      { what: String(answer) },
    );
  }

  async function longestTurnMs(path: string, body: string): Promise<number> {
    await signalled(/(watching turns)\n/);
    const answer = await server.admin.request('POST', path, body, { 'Idempotency-Key': randomUUID() });
    const longest = Number(await signalled(/longest turn: ([\d.]+) ms\n/));
    if (answer.status < 400 || answer.status > 499) throw new Error(`answered ${answer.status}`);
    return longest;
  }

  it.each(DOCUMENTS)('of %s holds everybody else up for less than 50 ms', async (what, path, body) => {
    const attempts: number[] = [];
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) attempts.push(await longestTurnMs(path, body));
    const took = attempts.toSorted((a, b) => a - b)[1]!;
    const size = `${(Buffer.byteLength(body) / 2 ** 20).toFixed(1)} MiB`;
    process.stdout.write(`refusal of ${what} (${size}): ${attempts.map((ms) => ms.toFixed(1)).join(', ')} ms of ${WITHIN_MS}\n`);
    expect(took).toBeLessThan(WITHIN_MS);
  });
});
