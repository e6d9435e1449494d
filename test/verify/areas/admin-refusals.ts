import assert from 'node:assert/strict';
import { type AdminAnswer } from '../../support/admin-client.js';
import { type Check } from '../check.js';
import { type Workspace } from '../workspace.js';

interface Problem {
  status: number;
  code: string;
  detail: string;
  errors?: { path: string; message: string }[];
}

/** @throws AssertionError where it is no problem document of this status. */
export function problemOf(answer: AdminAnswer, status: number): Problem {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
  const problem = answer.body as Problem;
  assert.equal(problem.status, status);
  return problem;
}

const COLOURS = {
  ...{ id: 'colour', name: 'Colour', value_type: 'string', variants: { red: '#f00', blue: '#00f' } },
  default_variant: 'red',
};

/** Makes the flag `colour` with this targeting; gives the one mistake. */
async function targetingMistake(work: Workspace, targeting: unknown): Promise<{ path: string; message: string }> {
  const body = { ...COLOURS, environments: { live: { targeting } } };
  const { errors = [] } = problemOf(await work.admin.request('POST', work.projectPath('/flags'), body), 400);
  assert.equal(errors.length, 1, JSON.stringify(errors));
  return errors[0] as { path: string; message: string };
}

const EMAIL = { var: 'email' };
const BROKEN: readonly (readonly [kind: string, targeting: unknown, path: RegExp, message: RegExp])[] = [
  ['a literal branch', { if: [{ '==': [EMAIL, 'a'] }, 'green', 'red'] }, /\.if\[1\]$/, /"green" is no variant/],
  ['a value for a name', { if: [{ '==': [EMAIL, 'a'] }, '#f00', 'red'] }, /\.if\[1\]$/, /write "red"/],
  ['a bucket', { fractional: [EMAIL, ['red', 50], ['green', 50]] }, /\.fractional\[2\]\[0\]$/, /"green" is no variant/],
  ['an operator', { iff: [true, 'red', 'blue'] }, /\.iff$/, /iff/],
  ['a $ref', { if: [{ $ref: 'isStaff' }, 'red', 'blue'] }, /\.\$ref$/, /"isStaff" does not exist/],
];

export const adminRefusals: readonly Check[] = [
  {
    sentence: 'A wrong request is told all its mistakes at once, each once and with its field',
    async run(bench) {
      const work = await bench.workspace();
      const body = {
        ...{ id: '-no', name: '', value_type: 'boolean', variants: { on: true, off: 'false' }, default_variant: 'maybe' },
        ...{ tags: 'many', critical: 'yes', colour: 'red' },
        environments: { live: { status: 'on', default_variant: 'never', targeting: { iff: [] } }, mars: {} },
      };
      const { code, errors = [] } = problemOf(await work.admin.request('POST', work.projectPath('/flags'), body), 400);
      assert.equal(code, 'invalid_input');
      const paths = errors.map(({ path }) => path).sort();
      const live = ['status', 'default_variant', 'targeting.iff'].map((field) => `environments.live.${field}`);
      const top = ['colour', 'critical', 'default_variant', 'environments.mars', 'id', 'name', 'tags', 'variants.off'];
      assert.deepEqual(paths, [...live, ...top].sort());
      assert.equal((await work.admin.request('GET', work.projectPath('/flags/-no'))).status, 404);
      return `${errors.length} mistakes: ${paths.join(', ')}`;
    },
  },
  {
    sentence: 'JSONLogic is checked against the variants by name, which the flagd schema does not do',
    async run(bench) {
      const work = await bench.workspace();
      for (const [kind, targeting, path, message] of BROKEN) {
        const mistake = await targetingMistake(work, targeting);
        assert.match(mistake.path, path, kind);
        assert.match(mistake.message, message, kind);
      }
      await work.flag('colour', { ...COLOURS, environments: { live: { targeting: { if: [{ '==': [EMAIL, 'a'] }, 'blue'] } } } });
      return `refused by one mistake each: ${BROKEN.map(([kind]) => kind).join(', ')}; the right one was taken`;
    },
  },
  {
    sentence: 'A default_variant that is no variant is refused, null and absent are taken',
    async run(bench) {
      const work = await bench.workspace();
      const answer = await work.admin.request('POST', work.projectPath('/flags'), { ...COLOURS, default_variant: 'green' });
      const [mistake] = problemOf(answer, 400).errors ?? [];
      assert.equal(mistake?.path, 'default_variant');
      await work.flag('colour', COLOURS);
      await work.edit('colour', { default_variant: null });
      const { body } = await work.admin.getEnv('colour', 'live', work.at);
      assert.equal(body.default_variant, null);
      return `${mistake?.path} ${mistake?.message}`;
    },
  },
  {
    sentence: 'Names that every JavaScript object has are refused as ids and variants',
    async run(bench) {
      const work = await bench.workspace();
      const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
      for (const name of names) {
        const text = `{"id":"${name}","name":"n","value_type":"boolean","variants":{"${name}":true}}`;
        const answer = await work.admin.request('POST', work.projectPath('/flags'), text);
        const paths = (problemOf(answer, 400).errors ?? []).map(({ path }) => path).sort();
        assert.deepEqual(paths, ['id', `variants.${name}`]);
      }
      return names.join(', ');
    },
  },
  {
    sentence: 'A body of more than 1 MiB is refused with 413, one just below it is read',
    async run(bench) {
      const work = await bench.workspace();
      const ofSize = (bytes: number) => {
        const frame = JSON.stringify({ changes: [{ flag: 'no-such-flag' }], comment: '' });
        return frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`);
      };
      const path = work.livePath('/change-sets');
      const { code } = problemOf(await work.admin.request('POST', path, ofSize(2 ** 20 + 1)), 413);
      const below = await work.admin.request('POST', path, ofSize(2 ** 20));
      assert.equal(below.status, 400);
      return `${2 ** 20 + 1} bytes: 413 ${code}; ${2 ** 20} bytes: ${below.status}, its comment is too long`;
    },
  },
  {
    sentence: 'If-Match with another version is 412 with the present state, and nothing is written',
    async run(bench) {
      const work = await bench.workspace();
      const cursor = await work.flag('one');
      const path = work.projectPath('/flags/one/environments/live');
      const stale = await work.admin.request('PATCH', path, { status: 'disabled' }, { 'If-Match': '"7"' });
      const problem = problemOf(stale, 412) as Problem & { current: { id: string; metadata: { version: number } } };
      assert.deepEqual([problem.code, problem.current.id, problem.current.metadata.version], ['version_conflict', 'one', 1]);
      const set = { changes: [{ flag: 'one', status: 'disabled' }] };
      const old = { 'If-Match': `"${cursor.slice(0, -6)}zzzzzz"` };
      problemOf(await work.admin.request('POST', work.livePath('/change-sets'), set, old), 412);
      problemOf(await work.admin.request('DELETE', work.projectPath('/flags/one'), undefined, { 'If-Match': '"9"' }), 412);
      assert.equal(await work.cursor(), cursor);
      const right = await work.admin.request('PATCH', path, { status: 'disabled' }, { 'If-Match': '"1"' });
      assert.deepEqual([right.status, right.headers.etag], [200, '"2"']);
      return `"7" against version 1: 412 three times, still ${cursor}; "1": 200, ETag "2"`;
    },
  },
];
