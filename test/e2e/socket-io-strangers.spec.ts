import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { io } from 'socket.io-client';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { frame, text, Upgraded } from './support/upgraded.js';

const ENGINE = '/socket.io/?EIO=4&transport=websocket';
const ODD_NAMESPACES = [
  '/',
  '/sdk/',
  '/SDK',
  '//sdk',
  '/sdk?x',
  '/sdk#x',
  '/.*',
  '/^sdk$/',
  '/sdk\u0000',
  '/__proto__',
  '/constructor',
];

describe('a Socket.IO client that nobody knows', () => {
  const start = useServers();
  let server: TestServer;
  let key: string;
  const listeners: { close: () => void }[] = [];

  beforeAll(async () => {
    server = await start();
    await server.admin.createFlag('secret-flag');
    key = (await server.admin.createKey('production')).key;
  });
  afterAll(() => {
    for (const { close } of listeners) close();
  });

  /** Changes are made, and have reached one who may see them. */
  async function change(): Promise<void> {
    const known = io(`${server.url}/sdk`, { transports: ['websocket'], forceNew: true, auth: { key } });
    listeners.push({ close: () => known.disconnect() });
    const seen: string[] = [];
    known.on('message', (message) => seen.push(JSON.stringify(message)));
    await eventually(() => seen.some((message) => message.includes('SyncComplete')));
    for (const description of ['once', 'twice']) {
      await server.admin.patchFlag('secret-flag', { description });
      await eventually(() => seen.some((message) => message.includes(description)));
    }
  }

  async function raw(...packets: (string | Buffer)[]): Promise<Upgraded> {
    const upgraded = await Upgraded.open(server.port, ENGINE);
    listeners.push({ close: () => upgraded.socket.destroy() });
    for (const packet of packets) upgraded.socket.write(typeof packet === 'string' ? text(packet) : packet);
    return upgraded;
  }

  it('is told of no flag, whatever it says before or instead of who it is', async () => {
    const sayings: (string | Buffer)[][] = [
      [],
      ['40'],
      ['40/sdk,'],
      ['40/sdk,{"key":"fw_srv_nonsense"}', '40/sdk,{}', '40/sdk,{"key":null}', '40,'],
      ['40/sdk,{"key":{"toString":1}}'],
      ['40/sdk,{"__proto__":{"key":"x"},"flags":["*"]}'],
      ['42/sdk,["GetAllFlags",{}]'],
      ['42["GetAllFlags",{}]', '42/sdk,1["Subscribe",{}]', '41/sdk,', '44/sdk,{}', '43/sdk,1[]'],
      ['40/sdk,', '42/sdk,["GetAllFlags",{}]', '42/sdk,["Subscribe",{"flags":["secret-flag"]}]'],
      ['451-/sdk,["x",{"_placeholder":true,"num":0}]', frame({ opcode: 2, payload: Buffer.from([1, 2, 3]) })],
      [frame({ opcode: 2, payload: '40/sdk,' })],
      ['5', '6', '2probe', '3probe', '9', '4', '4{', '40/sdk,{"key":'],
    ];
    const strangers = await Promise.all(sayings.map((packets) => raw(...packets)));
    await change();
    for (const [index, { text: said }] of strangers.entries()) {
      expect([sayings[index], said]).toEqual([sayings[index], expect.stringMatching(/^HTTP\/1\.1 101 /)]);
      expect(said).not.toMatch(/secret-flag|Flag[A-Z]|Sync/);
    }
  });

  it('is refused in every namespace but /sdk, also with a good key', async () => {
    const outcomes = new Map<string, string[]>();
    for (const namespace of ODD_NAMESPACES) {
      const said: string[] = [];
      outcomes.set(namespace, said);
      const upgraded = await raw(`40${namespace === '/' ? '' : `${namespace},`}${JSON.stringify({ key })}`);
      await eventually(() => upgraded.isClosed || upgraded.text.includes('44'), { what: `a refusal of ${namespace}` });
      said.push(upgraded.text);
    }
    await change();
    for (const [namespace, said] of outcomes) {
      // The query of a namespace is not part of its name.
      if (namespace === '/sdk?x') continue;
      expect([namespace, said.join('')]).toEqual([namespace, expect.not.stringMatching(/secret-flag|Sync/)]);
    }
  });

  it('may knock once on a connection: a second key is not tried on it', async () => {
    const upgraded = await raw('40/sdk,{"key":"fw_srv_nonsense"}', `40/sdk,${JSON.stringify({ key })}`);
    await eventually(() => upgraded.text.split('44/sdk,').length === 3, { what: 'two refusals' });
    await change();
    expect(upgraded.text).not.toMatch(/secret-flag|Sync/);
  });

  it('is closed when its time is over, if it never comes into a namespace', async () => {
    const quiet = await raw();
    const noisy = await raw('42/sdk,["GetAllFlags",{}]', '3');
    await eventually(() => quiet.isClosed && noisy.isClosed, { timeoutMs: 30_000, what: 'the end of both' });
    for (const { text: said } of [quiet, noisy]) expect(said).not.toMatch(/secret-flag|Flag[A-Z]|Sync/);
  }, 60_000);

  it('gets neither long polling nor an older protocol', async () => {
    const polling = await httpRequest(`${server.url}/socket.io/?EIO=4&transport=polling`);
    expect([polling.status, polling.json()]).toMatchObject([400, { code: 'malformed_upgrade' }]);
    const old = await Upgraded.open(server.port, '/socket.io/?EIO=3&transport=websocket');
    expect(old.text).not.toMatch(/secret-flag|"sid"/);
    old.socket.destroy();
  });
});
