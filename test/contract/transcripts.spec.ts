import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../support/project-root.js';
import { type DeltaBody } from '../support/poll-client.js';
import { databases, type TestServer } from '../support/server.js';
import { SseParser } from '../support/sse-parser.js';
import { SyncChecker } from '../support/sync-checker.js';
import { useServers } from '../support/use-servers.js';
import { parseMessage } from '../support/wire-types.js';
import { Recorder } from './support/recorder.js';
import { scenarios } from './support/scenarios.js';
import { socketScenarios } from './support/socket-scenarios.js';
import { bodiesOf, socketMessagesOf } from './support/transcript.js';

const FOLDER = join(projectRoot(), 'docs', 'transcripts');
/** Writes the files instead of comparing with them: look at what changed before you commit it. */
const RECORDS = process.env['FLAGWIRE_TEST_RECORD'] === '1';

const fileOf = (name: string): string => join(FOLDER, `${name}.txt`);
const read = (name: string): string => (existsSync(fileOf(name)) ? readFileSync(fileOf(name), 'utf8') : '');

/** Pings and heartbeats would come when they like. The small floor and memory are those of too-old.txt. */
const QUIET = { FLAGWIRE_PING_S: '3600', FLAGWIRE_HEARTBEAT_S: '3600' };
const SHORT = { FLAGWIRE_FLOOR_REVISIONS: '3', FLAGWIRE_FLOOR_S: '0', FLAGWIRE_RING_REVISIONS: '1' };

describe.each(databases)('The transcripts in the documentation (%s)', (database) => {
  const launch = useServers();
  let server: TestServer;
  beforeAll(async () => {
    server = await launch({ database, env: { ...QUIET, ...SHORT } });
  });

  it.each(Object.keys(scenarios))('%s.txt is what the server says, byte by byte', async (name) => {
    const recorder = await Recorder.open(server, name);
    await scenarios[name]?.(recorder);
    const { text } = recorder.transcript;
    if (RECORDS) writeFileSync(fileOf(name), text);
    expect(text).toBe(read(name));
  });

  it('are all recorded, and listed in their README', () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith('.txt'));
    expect(files.sort()).toEqual(
      Object.keys(scenarios)
        .map((name) => `${name}.txt`)
        .sort(),
    );
    const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8');
    expect(files.filter((file) => !readme.includes(`(${file})`))).toEqual([]);
  });
});

describe('A client that is fed with a transcript', () => {
  function checkerOf(request: string): SyncChecker {
    const presented = /^Last-Event-ID: (.*)$/m.exec(request)?.[1] ?? /[?&]since=([^& ]+)/.exec(request)?.[1];
    const flags = /[?&]flags=([^& ]+)/.exec(request)?.[1]?.split(',');
    return new SyncChecker({ ...(presented !== undefined && { cursor: presented }), ...(flags && { flags }) });
  }

  /** What a text message is about; no type: it is none of the protocol's, but of Socket.IO's. */
  function contentOf(text: string): { type?: string; data: { request_id: string; flags: string[] } } {
    const packet = /^42\/sdk,\d*(\[.*\])$/.exec(text)?.[1];
    const [name, data] = JSON.parse(packet ?? (text.startsWith('{') ? `[null,${text}]` : '["",{}]')) as [
      string | null,
      { type: string; request_id: string; flags: string[] },
    ];
    return { type: name ?? data.type, data };
  }

  function feed(checker: SyncChecker, type: string, body: string): void {
    if (type.includes('text/event-stream')) {
      const parser = new SseParser((block) => {
        if (block.data !== null) checker.receive(parseMessage(block.data, block.lastEventId));
      });
      parser.push(Buffer.from(body));
    } else if (body.startsWith('{"mode"')) {
      checker.receiveDelta(JSON.parse(body) as DeltaBody);
    }
  }

  it.each(Object.keys(socketScenarios))('finds nothing in %s.txt that breaks the protocol, requests included', (name) => {
    const transcript = read(name);
    const cursor = /last.event.id[": ]+([^"\n]+)/i.exec(transcript)?.[1] ?? '';
    const checker = new SyncChecker({ cursor });
    const asked = new Map<string, string[]>();
    for (const { speaker, text } of socketMessagesOf(transcript)) {
      const { type = '', data } = contentOf(text);
      if (speaker === 'C' && type === 'Subscribe') asked.set(data.request_id, data.flags);
      if (speaker === 'C' || type === '') continue;
      const message = parseMessage(JSON.stringify(data));
      const flags = asked.get(message.request_id ?? '');
      if (flags !== undefined && message.type === 'SyncStarted') checker.subscribed(flags);
      checker.receive(message);
    }
    expect(checker.violations).toEqual([]);
    expect([checker.syncs, checker.applied.length, [...checker.state.keys()].sort()]).toEqual([
      ...[2, 2],
      ['checkout.gift-cards', 'checkout.new-flow'],
    ]);
  });

  it.each(Object.keys(scenarios).filter((name) => !(name in socketScenarios)))(
    'finds nothing in %s.txt that breaks the protocol',
    (name) => {
      const bodies = bodiesOf(read(name));
      expect(bodies.length).toBeGreaterThan(0);
      for (const { request, type, body } of bodies) {
        const checker = checkerOf(request);
        feed(checker, type, body);
        expect(checker.violations).toEqual([]);
      }
    },
  );

  it('has nothing of a full sync that broke off', () => {
    const [broken, whole] = bodiesOf(read('broken-full-sync')).map(({ request, type, body }) => {
      const checker = checkerOf(request);
      feed(checker, type, body);
      return checker;
    });
    expect([broken?.syncs, broken?.state.size, broken?.cursor]).toEqual([0, 0, 'epoch001.7.m00007']);
    expect([whole?.syncs, whole?.state.size]).toEqual([1, 2]);
  });
});
