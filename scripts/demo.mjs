/**
 * `npm run demo`: a server with a database of its own, one client for each transport, and a change every second, in one terminal. Each line
 * says what arrived, how, and how many milliseconds after the commit: from `updated_at`, which the server stamps inside the committing
 * transaction, to the arrival here, by the one clock of this machine. Ctrl-C ends everything.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { styleText } from 'node:util';
import { CLIENTS } from './demo/clients.mjs';

const FLAGS = ['checkout.new-flow', 'search.typo-tolerance', 'pricing.rounding'];
const COLORS = ['green', 'cyan', 'blue', 'magenta', 'yellow'];
const CHANGE_MS = 1000;
const START_MS = 20_000;

const token = randomBytes(24).toString('hex');
const folder = mkdtempSync(join(tmpdir(), 'flagwire-demo-'));
const ending = new AbortController();
const colored = process.stdout.isTTY === true;
const paint = (style, text) => (colored ? styleText(style, text) : text);

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

const port = await freePort();
const url = `http://127.0.0.1:${port}`;

/** In a process group of its own: Ctrl-C comes to this process alone, which ends the server in order. */
const server = spawn(process.execPath, [join(import.meta.dirname, '../dist/main.js')], {
  cwd: folder,
  detached: true,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    PORT: String(port),
    FLAGWIRE_HOST: '127.0.0.1',
    FLAGWIRE_ADMIN_TOKEN: token,
    FLAGWIRE_DRAIN_S: '0',
    DATABASE_URL: `sqlite:${join(folder, 'demo.db')}`,
  },
});
const serverEnded = new Promise((resolve) => server.once('exit', resolve));
process.on('exit', () => server.kill('SIGKILL'));

async function end(code) {
  if (ending.signal.aborted) return;
  ending.abort();
  server.kill('SIGTERM');
  await serverEnded;
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(0));
void serverEnded.then(() => {
  if (ending.signal.aborted) return;
  console.error('The server has ended by itself.');
  void end(1);
});

async function admin(method, path, body) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const answer = await fetch(`${url}/api/projects/default${path}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function untilReady() {
  const until = performance.now() + START_MS;
  while (performance.now() < until && !ending.signal.aborted) {
    const answer = await fetch(`${url}/health/ready`).catch(() => null);
    if (answer?.ok) return;
    await pause(50);
  }
  throw new Error('The server was not ready in time.');
}

function line(who, color, ms, what) {
  const delay = ms === null ? '' : `${ms.toFixed(0)} ms`;
  console.log(`  ${paint(color, who.padEnd(12))}${delay.padStart(8)}   ${what}`);
}

function startClients(key) {
  Object.entries(CLIENTS).forEach(([name, start], index) => {
    const arrived = (updatedAt, what) => {
      const ms = performance.timeOrigin + performance.now() - Date.parse(updatedAt);
      line(name, COLORS[index], ms, what);
    };
    void start({ url, key, arrived, signal: ending.signal });
  });
}

async function changeEverySecond() {
  for (let made = 0; !ending.signal.aborted; made += 1) {
    await pause(CHANGE_MS, undefined, { signal: ending.signal });
    const id = FLAGS[made % FLAGS.length];
    const status = Math.floor(made / FLAGS.length) % 2 === 0 ? 'enabled' : 'disabled';
    console.log(`\n${paint('bold', 'admin'.padEnd(22))}   ${paint('bold', `${id}: ${status}`)}`);
    await admin('PATCH', `/flags/${id}/environments/production`, { status });
  }
}

try {
  await untilReady();
  for (const id of FLAGS) {
    const variants = { on: true, off: false };
    await admin('POST', '/flags', { id, name: id, value_type: 'boolean', variants, default_variant: 'on' });
  }
  const { key } = await admin('POST', '/environments/production/sdk-keys', { name: 'demo', kind: 'server' });
  console.log(`Flagwire on ${url}: a change every second, ${Object.keys(CLIENTS).length} clients. Milliseconds are counted`);
  console.log("from the change's updated_at, stamped in the committing transaction, by one clock. Ctrl-C ends everything.");
  startClients(key);
  await changeEverySecond();
} catch (error) {
  if (!ending.signal.aborted) {
    console.error(error.message);
    void end(1);
  }
}
