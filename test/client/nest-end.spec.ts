import { execFile } from 'node:child_process';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../support/project-root.js';
import { useServers } from '../support/use-servers.js';

/** The built entry in an application that ends, or does not start: the process has to end because nothing is left. */
const PROGRAM = `
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlagSyncClient } from '@flagwire/client';
import { FlagwireModule } from '@flagwire/client/nest';
const [, url, sdkKey, options] = process.argv;
const { fails, ...given } = JSON.parse(options);
class Root {}
const ended = new AbortController();
const other = { provide: 'other', useFactory: () => fails && sleep(fails).then(() => Promise.reject({ code: 'other' })) };
const flagwire = FlagwireModule.forRoot({ url, sdkKey, signal: ended.signal, ...given });
Module({ imports: [flagwire], providers: [other] })(Root);
try {
  const app = await NestFactory.create(Root, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const client = app.get(FlagSyncClient);
  await app.close();
  console.log(client.status.state);
} catch ({ code }) {
  ended.abort();
  console.log(code);
}
`;

describe('The end of an application with FlagwireModule', () => {
  const start = useServers();
  let url: string;
  let key: string;

  beforeAll(async () => {
    const server = await start();
    url = server.url;
    ({ key } = await server.admin.createKey('production'));
  });

  it.each([
    ['it was live', 'closed', {}],
    ['it began before there were flags', 'closed', { ready_timeout_ms: 0 }],
    ['its server is away', 'closed', { ready_timeout_ms: 50, url: 'http://127.0.0.1:9' }],
    ['it did not start without flags', 'ready_timeout', { ready_timeout_ms: 50, url: 'http://127.0.0.1:9', required: true }],
    ['another part of it did not start, and it was told so', 'other', { fails: 500 }],
    ['the same, while it waited for flags', 'other', { fails: 1, url: 'http://127.0.0.1:9' }],
    ['it did not start with these options', 'options_invalid', { url: 'nowhere' }],
  ])('leaves nothing that keeps the process alive, where %s', async (_where, said, options) => {
    const ran = await new Promise((resolve) => {
      const args = ['--input-type=module', '-e', PROGRAM, url, key, JSON.stringify(options)];
      const limits = { cwd: projectRoot(), timeout: 30_000 };
      execFile(process.execPath, args, limits, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
    });
    expect(ran).toEqual({ error: null, stdout: `${said}\n`, stderr: '' });
  });
});
