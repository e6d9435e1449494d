import { execFileSync } from 'node:child_process';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../support/project-root.js';
import { SseProbe } from '../support/sse-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

/** The receiver of a webhook: a real one on 127.0.0.1. */
class Chat {
  readonly texts: string[] = [];
  attempts = 0;
  /** How it answers; null: not at all. */
  answer: ((response: ServerResponse) => void) | null = (response) => response.end('ok');
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        this.attempts += 1;
        this.answer?.(response);
        if (response.writableEnded && response.statusCode === 200) this.texts.push((JSON.parse(body) as { text: string }).text);
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook/secret`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const startServer = useServers();
const folder = join(projectRoot(), 'examples/notifier');

describe('examples/notifier, a Nest module beside those of the server', () => {
  const chat = new Chat();
  let server: TestServer;

  beforeAll(async () => {
    // As its README says, against the types that the package has.
    execFileSync(process.execPath, [join(projectRoot(), 'node_modules/typescript/bin/tsc'), '-p', folder]);
    const NOTIFIER_WEBHOOK_URL = await chat.listen();
    server = await startServer({ entry: join(folder, 'dist/main.js'), env: { NOTIFIER_WEBHOOK_URL } });
  }, 60_000);

  afterAll(() => chat.close());

  it('posts one message for each change set, in order', async () => {
    await server.admin.createFlag('first');
    await server.admin.createFlag('second');
    chat.texts.length = 0;
    await server.admin.changeSet('production', [
      { flag: 'first', status: 'enabled' },
      { flag: 'second', status: 'enabled' },
    ]);
    await server.admin.patchEnv('first', 'production', { status: 'disabled' });
    await eventually(() => expect(chat.texts.filter((text) => text.includes('went from'))).toHaveLength(2));
    const [both, one] = chat.texts.filter((text) => text.includes('went from'));
    expect(both).toMatch(/^\*default\/production\* is at revision \d+\n/);
    expect(both).toContain('• `first` went from disabled to enabled\n• `second` went from disabled to enabled');
    expect(one).toContain('• `first` went from enabled to disabled');
  });

  it('tries again where the webhook says so', async () => {
    let refusals = 1;
    chat.answer = (response) => {
      if (refusals > 0) response.writeHead(429, { 'Retry-After': '0' });
      refusals -= 1;
      response.end();
    };
    const { attempts } = chat;
    await server.admin.patchEnv('first', 'production', { status: 'enabled' });
    await eventually(() => expect(chat.texts.at(-1)).toContain('`first` went from disabled to enabled'));
    expect(chat.attempts - attempts).toBe(2);
  });

  it('gives a message up that is refused, says so, and keeps the URL to itself', async () => {
    chat.answer = (response) => response.writeHead(410).end();
    await server.admin.patchEnv('first', 'production', { status: 'disabled' });
    await eventually(() => expect(server.stdout() + server.stderr()).toContain('the webhook answered 410'));
    expect(server.stdout() + server.stderr()).not.toContain('/hook/secret');
  });

  it('holds nobody up while the webhook does not answer, nor the end of the server', async () => {
    chat.answer = null;
    const { key } = await server.admin.createKey('production');
    const probe = await SseProbe.connect({ url: server.url, key });
    await probe.waitForSync();
    for (const status of ['enabled', 'disabled', 'enabled'] as const) {
      const { cursors } = await server.admin.patchEnv('first', 'production', { status });
      await probe.waitForCursor(cursors['production'] ?? '');
    }
    await probe.close();
    await expect(server.stop()).resolves.toEqual({ code: 0, signal: null });
  });
});
