import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { npm } from '../support/npm.js';
import { projectRoot } from '../support/project-root.js';
import { cleanEnvironment, ServerProcess } from '../support/server-process.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const PATIENCE = { timeoutMs: 20_000 };
const manifest = readFileSync(join(projectRoot(), 'packages/openfeature/package.json'), 'utf8');
const { peerDependencies } = JSON.parse(manifest) as { peerDependencies: Record<string, string> };
const OLDEST = peerDependencies['@openfeature/server-sdk']?.replace('^', '') ?? '';

const PROGRAM = `
import { FlagwireProvider } from '@flagwire/openfeature';
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
const [, , url, sdkKey] = process.argv;
await OpenFeature.setProviderAndWait(new FlagwireProvider({ url, sdkKey, warn: () => undefined }));
const client = OpenFeature.getClient();
const show = async () => {
  const { value, variant, reason, errorCode, flagMetadata } = await client.getBooleanDetails('a', false);
  console.log(client.providerStatus, value, variant, reason, errorCode, flagMetadata.version);
};
await show();
client.addHandler(ProviderEvents.ConfigurationChanged, ({ flagsChanged }) => void (flagsChanged.join() === 'a' && show()));
client.addHandler(ProviderEvents.Stale, show);
client.addHandler(ProviderEvents.Error, show);
process.once('SIGTERM', () => OpenFeature.close());
`;

describe(`With the oldest SDK of OpenFeature that is named as a peer, ${OLDEST}, the provider`, () => {
  const start = useServers();
  const folder = mkdtempSync(join(tmpdir(), 'flagwire-openfeature-'));
  let server: TestServer;

  beforeAll(async () => {
    server = await start();
    await server.admin.createFlag('a', { default_variant: 'on' });
    await server.admin.patchEnv('a', 'production', { status: 'enabled' });
    writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
    writeFileSync(join(folder, 'main.js'), PROGRAM);
    // As in test/e2e/packages.spec.ts: what was built is packed.
    const packages = ['protocol', 'client', 'openfeature'].map((name) => join(projectRoot(), 'packages', name));
    const packed = await npm(folder, ['pack', '--ignore-scripts', '--json', ...packages]);
    const tarballs = JSON.parse(packed.slice(packed.indexOf('['))) as { filename: string }[];
    await npm(folder, ['install', `@openfeature/server-sdk@${OLDEST}`, ...tarballs.map(({ filename }) => `./${filename}`)]);
  }, 240_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('gives values, tells of changes, of a revoked key, and ends', async () => {
    const installed = readFileSync(join(folder, 'node_modules/@openfeature/server-sdk/package.json'), 'utf8');
    expect(JSON.parse(installed)).toMatchObject({ version: OLDEST });
    const { id, key } = await server.admin.createKey('production');
    const program = new ServerProcess(['main.js', server.url, key], cleanEnvironment({}), folder);
    const lines = () => program.stdout.trim().split('\n');
    await eventually(() => expect(lines()).toEqual(['READY true on STATIC undefined 2']), PATIENCE);
    await server.admin.patchEnv('a', 'production', { status: 'disabled' });
    await eventually(() => expect(lines().slice(1)).toEqual(['READY false undefined DISABLED undefined 3']), PATIENCE);
    await server.admin.revokeKey('production', id);
    await eventually(() => expect(lines().at(-1)).toBe('ERROR false undefined DISABLED undefined 3'), PATIENCE);
    expect([await program.kill('SIGTERM'), program.stderr]).toEqual([{ code: 0, signal: null }, '']);
  });
});
