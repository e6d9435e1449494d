import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { httpRequest } from '../support/http-request.js';
import { npm } from '../support/npm.js';
import { projectRoot } from '../support/project-root.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

/** Decorators as functions: it is run as it is. A line on stdin closes the application. */
const PROGRAM = `
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlagSyncClient } from '@flagwire/client';
import { Flag, FlagwireModule, getFlagSyncClientToken } from '@flagwire/client/nest';

class ShopController {
  constructor(flags) { this.flags = flags; }
  read(open, list) { return { open, list, service: this.flags.value('shop.open', false) }; }
}
Reflect.defineMetadata('design:paramtypes', [FlagSyncClient], ShopController);
Flag('shop.open', false)(ShopController.prototype, 'read', 0);
Flag('shop.list', 'none', { client: 'second' })(ShopController.prototype, 'read', 1);
Get()(ShopController.prototype, 'read', Object.getOwnPropertyDescriptor(ShopController.prototype, 'read'));
Controller()(ShopController);

const [, , url, sdkKey] = process.argv;
const context = (execution) => ({ plan: execution.switchToHttp().getRequest().headers['x-plan'] });
const second = FlagwireModule.forRootAsync({ name: 'second', useFactory: async () => ({ url, sdkKey, context }) });
class Root {}
Module({ imports: [FlagwireModule.forRoot({ url, sdkKey }), second], controllers: [ShopController] })(Root);

const app = await NestFactory.create(Root, { logger: ['error', 'warn'], abortOnError: false });
await app.listen(0, '127.0.0.1');
console.log(await app.getUrl());
const clients = [FlagSyncClient, getFlagSyncClientToken('second')].map((token) => app.get(token));
process.stdin.once('data', async () => {
  process.stdin.destroy();
  await app.close();
  console.log(clients.map(({ status }) => status.state).join());
});
`;
const RULE = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'new', 'old'] };
const LIST = { value_type: 'string', variants: { new: 'new', old: 'old' }, default_variant: 'old' };

describe('FlagwireModule in an application on Nest 11', () => {
  const start = useServers();
  const folder = mkdtempSync(join(tmpdir(), 'flagwire-nest-11-'));
  let server: TestServer;
  let program: ChildProcess | null = null;
  let output = '';

  beforeAll(async () => {
    server = await start();
    await server.admin.createFlag('shop.open', { default_variant: 'on' });
    await server.admin.patchEnv('shop.open', 'production', { status: 'enabled' });
    await server.admin.createFlag('shop.list', LIST);
    await server.admin.patchEnv('shop.list', 'production', { status: 'enabled', targeting: RULE });
    writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
    writeFileSync(join(folder, 'main.js'), PROGRAM);
    // As in test/e2e/packages.spec.ts: what was built is packed.
    const packages = ['client', 'protocol'].map((name) => join(projectRoot(), 'packages', name));
    const packed = await npm(folder, ['pack', '--ignore-scripts', '--json', ...packages]);
    const tarballs = JSON.parse(packed.slice(packed.indexOf('['))) as { filename: string }[];
    const nest = ['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}@11`);
    // npm refuses where the peer is none of the versions that the client names.
    await npm(folder, ['install', ...nest, 'reflect-metadata', 'rxjs', ...tarballs.map(({ filename }) => `./${filename}`)]);
  }, 240_000);
  afterAll(() => {
    program?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('gives handlers and services the flags, each change, and ends with it', async () => {
    const installed = readFileSync(join(folder, 'node_modules/@nestjs/core/package.json'), 'utf8');
    expect(JSON.parse(installed)).toMatchObject({ version: expect.stringMatching(/^11\./) });
    const { key } = await server.admin.createKey('production');
    const running = (program = spawn(process.execPath, ['main.js', server.url, key], { cwd: folder, stdio: 'pipe' }));
    for (const stream of [running.stdout, running.stderr]) stream.on('data', (text: Buffer) => (output += String(text)));
    const ended = new Promise((resolve) => running.once('exit', resolve));
    await eventually(() => expect(output).toMatch(/^http:\/\/\S+\n$/), { timeoutMs: 30_000 });

    const read = async (plan: string) => (await httpRequest(output.trim(), { headers: { 'x-plan': plan } })).json();
    expect(await read('pro')).toEqual({ open: true, list: 'new', service: true });
    expect(await read('free')).toEqual({ open: true, list: 'old', service: true });
    await server.admin.patchEnv('shop.open', 'production', { status: 'disabled' });
    await eventually(async () => expect(await read('pro')).toEqual({ open: false, list: 'new', service: false }));
    output = '';
    running.stdin.write('\n');
    expect(await ended).toBe(0);
    expect(output).toBe('closed,closed\n');
  });
});
