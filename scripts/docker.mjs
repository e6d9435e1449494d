/**
 * Does what Docker would do, without Docker: `npm run check:docker`. The Dockerfile's stages are done in empty folders with a Node.js 24
 * and its npm first on PATH, the result is run as its user, and `compose.yaml` is run as two processes on a PostgreSQL. What this
 * cannot show is in docs/operations.md. Exits with 1 at the first thing that does not hold.
 */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import '../test/support/load-typescript.mjs';
import { readCompose } from './docker/compose.mjs';
import { Container } from './docker/container.mjs';
import { readDockerfile } from './docker/dockerfile.mjs';
import { Stages } from './docker/stages.mjs';

const project = dirname(import.meta.dirname);
process.chdir(project);
const { node24 } = await import('../test/support/node-24.ts');
const { npm } = await import('../test/support/npm.ts');
const { freePort } = await import('../test/support/free-port.ts');
const { startPostgres } = await import('../test/support/postgres.ts');

const TOKEN = 'a-token-of-this-check-0123456789abcdefgh';
const FLAGS = '/api/projects/default/flags';
const base = mkdtempSync(join(tmpdir(), 'flagwire-docker-'));
chmodSync(base, 0o755);
const containers = [];
const log = (line) => console.log(`docker: ${line}`);

/** A Node.js 24 with npm 11, where everybody may run them, and the environment of an image that has them. */
async function toolsOfTheImage() {
  const tools = join(base, 'tools');
  mkdirSync(tools);
  writeFileSync(join(tools, 'package.json'), '{"private": true}');
  await npm(tools, ['install', 'npm@11']);
  const bin = join(tools, 'bin');
  mkdirSync(bin);
  copyFileSync(await node24(), join(bin, 'node'));
  chmodSync(join(bin, 'node'), 0o755);
  const path = [bin, join(tools, 'node_modules', '.bin'), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
  // How this machine reaches the registry is no matter of the image.
  const registry = Object.entries(process.env).filter(([name]) =>
    /^(npm_config_(registry|userconfig|cache)|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)$/i.test(name),
  );
  return { PATH: path, HOME: homedir(), ...Object.fromEntries(registry) };
}

async function run(image, env = {}) {
  const settings = { PORT: String(await freePort()), FLAGWIRE_HOST: '127.0.0.1', ...env };
  const container = new Container(image, settings);
  containers.push(container);
  return container;
}

async function api(container, method, path, body) {
  const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };
  const answer = await fetch(container.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, body: await answer.json() };
}

const flag = (id) => ({ id, name: id, value_type: 'boolean', variants: { on: true, off: false }, default_variant: 'off' });

async function oneNode(image) {
  const refused = await run(image);
  assert.equal(await refused.ended, 1, 'a production server without a token refuses to start');
  const first = await run(image, { FLAGWIRE_ADMIN_TOKEN: TOKEN });
  await first.ready();
  assert.equal((await api(first, 'POST', FLAGS, flag('kept'))).status, 201);
  assert.equal((await fetch(`${first.url}/docs`)).status, 200);
  const commandLine = { FLAGWIRE_URL: first.url, FLAGWIRE_TOKEN: TOKEN };
  assert.match(first.exec(['dist/bin.js', 'toggle', 'kept', '--env', 'staging'], commandLine), /disabled → enabled/);
  assert.match(first.exec(['dist/bin.js', 'doctor'], commandLine), /^ok +reach/);
  assert.equal(await first.stop(15_000), 0);
  const second = await run(image, { FLAGWIRE_ADMIN_TOKEN: TOKEN });
  await second.ready();
  assert.equal((await api(second, 'GET', `${FLAGS}/kept`)).status, 200);
  assert.equal(await second.stop(15_000), 0);
  log('a container serves, is healthy, ends with 0, and keeps its data on the volume');
}

/** @throws Error where nobody does. */
async function listens(port) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}

async function twoNodes(image) {
  const password = 'passwordofthischeck';
  const text = readFileSync(join(project, 'compose.yaml'), 'utf8');
  assert.throws(() => readCompose(text, {}), /make one with openssl/);
  const variables = { FLAGWIRE_ADMIN_TOKEN: TOKEN, POSTGRES_PASSWORD: password };
  for (const { environment, ports } of [readCompose(text, variables)['node-1'], readCompose(text, variables)['node-2']]) {
    assert.deepEqual([environment.GRPC_PORT, ports.length], [undefined, 1], 'gRPC has no port unless somebody opens one');
  }
  const { postgres, ...nodes } = readCompose(text.replaceAll('#+ ', ''), variables);
  assert.equal(Object.keys(nodes).length, 2);
  const { POSTGRES_USER: user, POSTGRES_DB: database } = postgres.environment;
  const { default: pg } = await import('pg');
  const server = await startPostgres();
  try {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      // As the image does it: whom it is told to make owns the server.
      const make = decodeURIComponent(new URL(server.url).username) === user ? 'ALTER' : 'CREATE';
      await client.query(`${make} ROLE ${user} LOGIN SUPERUSER PASSWORD '${postgres.environment.POSTGRES_PASSWORD}'`);
      await client.query(`CREATE DATABASE ${database} OWNER ${user}`);
    } finally {
      await client.end();
    }
    const running = [];
    for (const { environment, ports } of Object.values(nodes)) {
      const published = ports.map((port) => Number(port.split(':').at(-1)));
      assert.deepEqual(published, image.ports, 'the ports that are published are those that are exposed');
      assert.equal(Number(environment.GRPC_PORT), image.ports[1], 'gRPC listens on its own');
      // The service's name is a host's name in its network.
      const url = environment.DATABASE_URL.replace('@postgres:5432/', `@127.0.0.1:${server.port}/`);
      running.push(await run(image, { ...environment, DATABASE_URL: url, GRPC_PORT: String(await freePort()) }));
    }
    await Promise.all(running.map((node) => node.ready()));
    for (const { env } of running) await listens(env.GRPC_PORT);
    const [one, two] = running;
    const keys = '/api/projects/default/environments/production/sdk-keys';
    const { body } = await api(one, 'POST', keys, { name: 'check', kind: 'server' });
    assert.equal((await api(one, 'POST', FLAGS, flag('shared'))).status, 201);
    const seen = async () =>
      (await (await fetch(`${two.url}/sdk/poll`, { headers: { 'X-API-Key': body.key } })).json()).flags.length;
    let tries = 0;
    while ((await seen()) !== 1) assert.ok((tries += 1) < 500, 'the other node shows the flag');
    const graceMs = Number(/^(\d+)s$/.exec(nodes['node-1'].stop_grace_period)[1]) * 1000;
    assert.deepEqual(await Promise.all(running.map((node) => node.stop(graceMs))), [0, 0]);
  } finally {
    for (const container of containers) container.kill();
    await server.stop();
  }
  log('two nodes of compose.yaml share a PostgreSQL');
}

try {
  const stages = new Stages(project, base, await toolsOfTheImage(), log);
  const images = readDockerfile(readFileSync(join(project, 'Dockerfile'), 'utf8')).map((stage) => stages.build(stage));
  const image = images.at(-1);
  assert.notEqual(image.user?.[0] ?? 0, 0, 'it does not run as root');
  await oneNode(image);
  await twoNodes(image);
} finally {
  for (const container of containers) container.kill();
  rmSync(base, { recursive: true, force: true });
}
