import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Stage } from '../contract/support/stage.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { Bystanders } from './support/bystanders.js';
import { deep } from './support/hostile-frames.js';
import { frame, text, Upgraded } from './support/upgraded.js';

const ENGINE = '/socket.io/?EIO=4&transport=websocket';
const LONG = 30_000;
const PING = text('42/sdk,["Ping",{"request_id":"after"}]');

const launch = useServers();
let stage: Stage;
let others: Bystanders;
const open: Upgraded[] = [];

beforeAll(async () => {
  stage = await Stage.open(await launch());
  others = await Bystanders.open(stage);
}, 60_000);

/** Everybody else on the server gets each change, whatever is sent beside them. */
afterEach(async () => {
  for (const { socket } of open.splice(0)) socket.destroy();
  await others.expectServed();
});

async function joined(): Promise<Upgraded> {
  const peer = await Upgraded.open(stage.server.port, ENGINE);
  open.push(peer);
  peer.socket.write(text(`40/sdk,${JSON.stringify({ key: stage.key })}`));
  await eventually(() => peer.text.includes('SyncComplete'), { timeoutMs: LONG });
  return peer;
}

const CLOSED: [what: string, packets: (string | Buffer)[]][] = [
  ['a packet of no type of the transport', ['9']],
  ['an empty message', ['4']],
  ['a packet of no type', ['49/sdk,']],
  ['half of a JSON text', ['42/sdk,["Ping"']],
  ['an event that is no list', ['42/sdk,{"type":"Ping"}']],
  ['an event without a name', ['42/sdk,[]']],
  ['an event whose name is an object', ['42/sdk,[{}]']],
  ['the event of a reserved name', ['42/sdk,["connect"]']],
  ['an event for another namespace', ['42/other,["Ping"]']],
  ['an event for a namespace of poison', ['42/__proto__,["Ping"]']],
  ['parts of a packet that never began', [frame({ opcode: 2, payload: 'x' })]],
  ['text in the place of a part', ['451-/sdk,["Ping",{"_placeholder":true,"num":0}]', '42/sdk,["Ping"]']],
  ['a part that was not announced', ['451-/sdk,["Ping",{"_placeholder":true,"num":7}]', frame({ opcode: 2, payload: 'x' })]],
  ['a count of parts that is none', ['45x-/sdk,["Ping"]']],
  ['more parts than there may be', ['4599999999999-/sdk,["Ping",{"_placeholder":true,"num":0}]']],
  ['a second handshake, then a farewell', ['41/sdk,']],
  ['a frame over 64 KiB', [text(`42/sdk,["Ping",${JSON.stringify('x'.repeat(65_536))}]`)]],
  ['JSON that is 100,000 deep', [text(`42/sdk,["Ping",${deep(100_000)}]`)]],
  ['text that is no UTF-8', [text(Buffer.from([0x34, 0x32, 0xff]))]],
  ['a frame without a mask', [frame({ opcode: 1, payload: '3', isMasked: false })]],
];

const ANSWERED: [what: string, packets: (string | Buffer)[], code: string | null][] = [
  ['an event that is unknown', ['42/sdk,["Nothing",{}]'], 'unknown_request'],
  ['an event of poison', ['42/sdk,["__proto__",{}]'], 'unknown_request'],
  ['an event named by a number', ['42/sdk,[7]'], 'unknown_request'],
  ['a request that is a list', ['42/sdk,["Ping",[1]]'], 'malformed_request'],
  ['a request that is a text', ['42/sdk,["Ping","x"]'], 'malformed_request'],
  ['a request that is null', ['42/sdk,["Ping",null]'], 'malformed_request'],
  ['a flag that is binary', binary('["GetFlag",{"flag_id":{"_placeholder":true,"num":0}}]'), 'malformed_request'],
  ['a request that is binary', binary('["Ping",{"_placeholder":true,"num":0}]'), 'malformed_request'],
  [
    'poison in a request',
    ['42/sdk,["Ping",{"__proto__":{"request_id":1},"constructor":{"prototype":{}},"type":"Subscribe"}]'],
    null,
  ],
  ['a deep request', [`42/sdk,["Ping",{"deep":${deep(30_000)}}]`], null],
  ['a number of an acknowledgement beyond all numbers', [`42/sdk,${'9'.repeat(400)}["Ping",{}]`], null],
  ['a large number of an acknowledgement', ['42/sdk,99999999999999999999["Ping",{}]'], null],
  ['an acknowledgement that nobody waits for', ['43/sdk,99999999999999999999[{"ok":true}]', '42/sdk,["Ping",{}]'], null],
  ['more than one request in an event', ['42/sdk,["Ping",{},{"request_id":1},[],"x"]'], null],
  ['pongs that nobody asked for', ['3', '3', '42/sdk,["Ping",{}]'], null],
];

function binary(payload: string): (string | Buffer)[] {
  return [`451-/sdk,${payload}`, frame({ opcode: 2, payload: '{"type":"Ping"}' })];
}

const written = (packets: readonly (string | Buffer)[]) =>
  Buffer.concat(packets.map((packet) => (typeof packet === 'string' ? text(packet) : packet)));

describe('a Socket.IO client', () => {
  it.each(CLOSED)('that sends %s is sent away, and told of nothing more', async (_what, packets) => {
    const peer = await joined();
    const from = peer.text.length;
    peer.socket.write(written(packets));
    const isAway = () => peer.isClosed || (peer.socket.write(PING), false);
    await eventually(isAway, { timeoutMs: LONG, intervalMs: 100, what: 'the end of the connection' });
    expect(peer.text.slice(from)).not.toMatch(/"type":"(Pong|Flag)/);
  });

  it.each(ANSWERED)('that sends %s is answered, and goes on', async (_what, packets, code) => {
    const peer = await joined();
    const from = peer.text.length;
    peer.socket.write(Buffer.concat([written(packets), PING]));
    await eventually(() => peer.text.includes('"request_id":"after"'), { timeoutMs: LONG });
    const said = peer.text.slice(from);
    const [, type, told] = /"type":"(Pong|Error)"(?:,"data":\{"code":"(\w+)","message":".{10})?/.exec(said) ?? [];
    expect([type, told]).toEqual(code === null ? ['Pong', undefined] : ['Error', code]);
    expect(peer.isClosed).toBe(false);
  });

  it('that sends three in a row which nobody can read is sent away, and may come back', async () => {
    const peer = await joined();
    peer.socket.write(written(Array<string>(3).fill('42/sdk,["Nothing"]')));
    await eventually(() => peer.isClosed, { timeoutMs: LONG });
    expect(peer.text.split('"code":"unknown_request"')).toHaveLength(4);
    await joined();
  });
});
