import { beforeAll, describe, expect, it } from '@jest/globals';
import { RawHttp, requestText } from '../support/raw-http.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { everything, flawOf } from './support/hostile.js';

const ODD = [
  'x'.repeat(500),
  '%00',
  'a%00b',
  '%0a',
  'a%0d%0aX-Injected:%201',
  '%EF%BB%BFright',
  '%E2%80%AE',
  '__proto__',
  'constructor',
  'prototype',
  '..%2f..%2fetc%2fpasswd',
  "right'%20OR%20'1'='1",
  '%F0%9F%91%8D',
  '99999999999999999999',
  '-1',
];
const INVALID_UTF8 = ['%FF', '%C0%AF', '%ED%A0%80', 'right%E2%82'];
const NUMBERS = ['-1', '1.5', '1e3', '0x10', '+1', ' 1', 'NaN', 'Infinity', '', '100000000000000000000', '9007199254740993'];

describeEachDatabase('a hostile path', (database) => {
  const start = useServers();
  let server: TestServer;
  let key: string;

  beforeAll(async () => {
    server = await start({ database });
    await server.admin.createFlag('right');
    ({ key } = await server.admin.createKey('staging'));
  });

  const PATHS = (odd: string): string[] => [
    `/api/projects/${odd}`,
    `/api/projects/${odd}/flags`,
    `/api/projects/default/environments/${odd}`,
    `/api/projects/default/environments/${odd}/changes`,
    `/api/projects/default/flags/${odd}`,
    `/api/projects/default/flags/right/environments/${odd}`,
    `/api/projects/default/environments/staging/sdk-keys/${odd}`,
    `/api/tokens/${odd}`,
    `/${odd}`,
    `/sdk/${odd}`,
  ];

  async function flawsOf(texts: readonly string[]): Promise<string[]> {
    const flaws: string[] = [];
    for (const path of texts.flatMap(PATHS)) {
      for (const method of ['GET', 'DELETE']) {
        const answer = await server.admin.request(method, path);
        const flaw = flawOf(answer);
        if (flaw !== null) flaws.push(`${method} ${path.slice(0, 80)}: ${flaw}`);
        if (answer.headers['x-injected'] !== undefined) flaws.push(`${path} injects a header`);
      }
    }
    return flaws;
  }

  it('with an id or a key that is none is refused by name, and changes nothing', async () => {
    const before = await everything(server.admin);
    expect(await flawsOf(ODD)).toEqual([]);
    expect(await everything(server.admin)).toEqual(before);
  });

  it('with bytes that are not UTF-8 is malformed', async () => {
    expect(await flawsOf(INVALID_UTF8)).toEqual([]);
    for (const text of INVALID_UTF8) {
      const answer = await server.admin.request('GET', `/api/projects/default/flags/${text}`);
      expect([text, answer.status, (answer.body as { code: string }).code]).toEqual([text, 400, 'malformed_url']);
    }
  });

  it.each(['limit', 'after'])('with a %s that is no number in reach is refused with the field named', async (name) => {
    const lists = ['/api/audit', '/api/projects/default/environments/staging/changes'];
    for (const list of lists) {
      for (const number of NUMBERS) {
        const answer = await server.admin.request('GET', `${list}?${name}=${encodeURIComponent(number)}`);
        expect([number, flawOf(answer)]).toEqual([number, null]);
        expect(answer.body).toMatchObject({ code: 'invalid_input', errors: [{ path: name }] });
      }
    }
  });

  it('with a text that no flag has is an empty list, never an error', async () => {
    for (const text of [...ODD.filter((odd) => !/%0|%E2|x{500}/.test(odd)), ...INVALID_UTF8, '%25', '_', '%5C']) {
      const { status, body } = await server.admin.request('GET', `/api/projects/default/flags?search=${text}`);
      expect([text, status, (body as { items?: unknown[] }).items]).toEqual([text, 200, []]);
    }
    for (const text of ['%00', 'a%0ab', 'x'.repeat(500)]) {
      expect(flawOf(await server.admin.request('GET', `/api/projects/default/flags?search=${text}`))).toBeNull();
      expect(flawOf(await server.admin.request('GET', `/api/projects/default/flags?tag=${text}`))).toBeNull();
    }
  });

  it('with a parameter that is unknown, twice there or called like a part of every object is refused', async () => {
    for (const query of [
      '__proto__=1',
      'constructor=1',
      'prototype=1',
      'limit=1&limit=2',
      'limit[]=1',
      'limit[$gt]=1',
      'colour=red',
    ]) {
      const answer = await server.admin.request('GET', `/api/projects/default/flags?${query}`);
      expect([query, flawOf(answer)]).toEqual([query, null]);
    }
  });

  describe('of a poll', () => {
    const poll = (query: string) => server.admin.as(key).request('GET', `/sdk/poll?${query}`);
    const cursor = async () => ((await poll('')).body as { cursor: string }).cursor;

    it('with a wait out of range is refused with the field named', async () => {
      const since = await cursor();
      for (const wait of ['0', '56', '-1', '1.5', 'x', '1e1', '100000000000000000000', '%00']) {
        const answer = await poll(`since=${since}&wait=${wait}`);
        expect([wait, flawOf(answer)]).toEqual([wait, null]);
        expect(answer.body).toMatchObject({ code: 'invalid_input', errors: [{ path: 'wait' }] });
      }
    });

    it('with a cursor that is none, negative, from the future or 10^20 is answered in full', async () => {
      const [epoch = '', , mark = ''] = (await cursor()).split('.');
      const revisions = ['-1', '1e3', '999999', '100000000000000000000', '9007199254740993', '', '%00', '1%0a'];
      const odd = [
        ...revisions.map((revision) => `${epoch}.${revision}.${mark}`),
        ...ODD,
        ...INVALID_UTF8,
        `${epoch}.0.`,
        '..',
        'none',
      ];
      for (const text of odd) {
        const { status, body } = await poll(`since=${text}`);
        expect([text, status, (body as { mode?: string }).mode]).toEqual([text, 200, 'full']);
      }
    });

    it('with a filter that is none is refused with the entry named', async () => {
      const long = Array.from({ length: 101 }, (_, index) => `f${index}`).join(',');
      for (const flags of [
        '',
        ',',
        'a,,b',
        'a%20b',
        '%00',
        '%FF',
        '-a',
        'a*b',
        '**',
        'x'.repeat(500),
        long,
        '__proto__',
        'a%0ab',
      ]) {
        expect([flags.slice(0, 20), flawOf(await poll(`flags=${flags}`))]).toEqual([flags.slice(0, 20), null]);
      }
    });

    it('with another environment than the key has, whatever stands there, is refused', async () => {
      for (const env of [...ODD, ...INVALID_UTF8]) {
        expect([env, (await poll(`env=${env}`)).status]).toEqual([env, 403]);
      }
    });
  });

  it('of a stream with line breaks in its cursor puts none into a field', async () => {
    for (const text of ['a%0aid:%20evil', 'a%0d%0adata:%20evil', '%0a%0adata:%20{}%0a%0a', 'a%00b', 'a%E2%80%A8b']) {
      const client = await RawHttp.connect({ port: server.port });
      const path = `/sdk/stream?last_event_id=${text}`;
      await client.send(requestText({ path, headers: { Authorization: `Bearer ${key}` } }));
      expect((await client.readHead()).status).toBe(200);
      const sent = await client.readUntil('SyncComplete');
      client.destroy();
      expect(sent).not.toMatch(/evil|^data: \{\}$/m);
      expect(sent).not.toContain('\u0000');
      const lines = sent.split('\n').filter((line) => line !== '');
      expect(lines.filter((line) => !/^(id: (none|[\w.-]+)|retry: \d+|data: \{.*|: ping)$/.test(line))).toEqual([]);
    }
  });
});

describe('a target of a request that is no path', () => {
  const start = useServers();

  it.each(['*', '//', '///api', 'http://other/api/projects', '/%', '/../../etc/passwd', '/api/projects?%', '/\u00ff'])(
    '%s is refused, or not found',
    async (target) => {
      const server = await start();
      const client = await RawHttp.connect({ port: server.port });
      await client.send(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`, 'latin1'));
      const { status, headers } = await client.readHead();
      client.destroy();
      expect([400, 401, 404]).toContain(status);
      expect(headers.get('content-type')).toBe('application/problem+json');
    },
  );
});
