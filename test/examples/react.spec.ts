import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { freePort } from '../support/free-port.js';
import { projectRoot } from '../support/project-root.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';
import { eventually, holds } from '../support/wait.js';
import { QuickStart } from './quick-start.js';

const CHROMIUM = '/usr/bin/chromium';
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
const present = spawnSync(CHROMIUM, ['--version'], { stdio: 'ignore' }).status === 0;

/** The hook under development's Strict Mode: what is rendered is counted, on a server it is text first, and it can be taken away. */
const PAGE = `
import { EvaluatedFlagClient } from '@flagwire/client/evaluated';
import { StrictMode, useEffect } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { FlagProvider, useFlag } from './examples/react/src/flags.jsx';

const [url, clientKey] = location.hash.slice(1).split(',');
window.shown = {};
function Shown({ id, fallback }) {
  const value = useFlag(id, fallback);
  useEffect(() => { (window.shown[id] ??= []).push(value); }, [value]);
  window.renders = { ...window.renders, [id]: (window.renders?.[id] ?? 0) + 1 };
  return <output id={id}>{JSON.stringify(value)}</output>;
}
const client = new EvaluatedFlagClient({ url, clientKey });
let listeners = 0;
const { on } = client;
client.on = (...args) => { const stop = on.apply(client, args); listeners += 1; return () => { listeners -= 1; stop(); }; };
const root = createRoot(document.getElementById('root'));
const page = (client) => (
  <StrictMode><FlagProvider client={client}>
    <Shown id="left" fallback={false} /><Shown id="right" fallback={false} /><Shown id="object" fallback={{}} />
  </FlagProvider></StrictMode>
);
root.render(page(client));

const bootstrap = { flags: [{ key: 'left', value: true, reason: 'STATIC', variant: 'on' }] };
const offline = () => new EvaluatedFlagClient({ url, clientKey, bootstrap, fetch: () => Promise.reject(new Error('no')) });
const html = renderToString(page(offline()));
document.getElementById('hydrated').innerHTML = html;
hydrateRoot(document.getElementById('hydrated'), page(offline()), { onRecoverableError: (error) => console.error(String(error)) });
Object.assign(window, { client, html, unmount: () => root.unmount(), listeners: () => listeners });
`;

skipIf(!present, `${CHROMIUM} is not installed`).describe('examples/react', () => {
  const start = useServers();
  let server: TestServer;
  let browser: Browser;
  let example: QuickStart | undefined;
  let backend: Server | undefined;

  beforeAll(async () => {
    server = await start();
    for (const id of ['welcome', 'left', 'right']) await server.admin.createFlag(id, { default_variant: 'on' });
    const object = { value_type: 'object', variants: { o: { deep: [1] } }, default_variant: 'o' };
    await server.admin.createFlag('object', object);
    for (const id of ['welcome', 'left', 'right', 'object']) {
      await server.admin.patchEnv(id, 'development', { status: 'enabled' });
    }
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  });
  afterAll(async () => {
    await browser?.close();
    await example?.stop();
    backend?.closeAllConnections();
    backend?.close();
  });

  /** A page, and what it complains of. */
  async function openPage(address: string): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() !== 'info' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(address);
    return { page, complaints };
  }
  const turn = (id: string, status: 'enabled' | 'disabled') => server.admin.patchEnv(id, 'development', { status });

  it('shows each change and each context without a reload, by the line of its page, and breaks no rule of its policy', async () => {
    const PORT = String(await freePort());
    const origin = `http://127.0.0.1:${PORT}`;
    const { key } = await server.admin.createKey('development', 'client', { allowed_origins: [origin] });
    const quick = (example = new QuickStart('react', key, { FLAGWIRE_URL: server.url, PORT }));
    await eventually(() => expect(quick.output).toBe(`open ${origin}\n`), { timeoutMs: 20_000 });
    const { page, complaints } = await openPage(origin);
    const shows = (text: string) =>
      eventually(async () => expect(await page.textContent('#flag')).toBe(text), { timeoutMs: 5000 });
    await shows('on');
    await turn('welcome', 'disabled');
    await shows('off');
    const targeting = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', 'off'] };
    await server.admin.patchEnv('welcome', 'development', { status: 'enabled', targeting });
    await page.click('#plan');
    await shows('on');
    await page.click('#plan');
    await shows('off');
    expect(complaints).toEqual([]);
    const kept = await page.evaluate<string>('Object.values(localStorage).join()');
    expect([kept.includes('welcome'), kept.includes(key), kept.includes('visitor')]).toEqual([true, false, false]);
    await page.close();
  });

  it('renders what uses a flag again for that flag alone, under Strict Mode, from a server, and leaves no listener', async () => {
    const { outputFiles } = await build({
      ...{ stdin: { contents: PAGE, resolveDir: projectRoot(), loader: 'jsx' }, absWorkingDir: projectRoot() },
      ...{ bundle: true, write: false, format: 'esm', platform: 'browser', jsx: 'automatic', logLevel: 'silent' },
      define: { 'process.env.NODE_ENV': '"development"' },
      alias: { '@flagwire/client': join(projectRoot(), 'packages/client/dist') },
      outdir: 'out',
    });
    const script = outputFiles[0]?.text ?? '';
    const html = '<!doctype html><link rel="icon" href="data:,"><div id="root"></div><div id="hydrated"></div>';
    const made = (backend = createServer((request, response) => {
      const isScript = request.url === '/page.js';
      response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
      response.end(isScript ? script : `${html}<script type="module" src="/page.js"></script>`);
    }));
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
    const { key } = await server.admin.createKey('development', 'client', { allowed_origins: [origin] });
    const { page, complaints } = await openPage(`${origin}/#${server.url},${key}`);
    const texts = async (place: string) => (await page.locator(`#${place} output`).allTextContents()).join(' ');
    await eventually(async () => expect(await texts('root')).toBe('true true {"deep":[1]}'), { timeoutMs: 10_000 });

    const renders = () => page.evaluate<Record<string, number>>('renders');
    const before = await renders();
    await turn('right', 'disabled');
    await eventually(async () => expect(await texts('root')).toBe('true false {"deep":[1]}'), { timeoutMs: 5000 });
    const after = await renders();
    expect([after['left'], after['object']]).toEqual([before['left'], before['object']]);
    expect(after['right']).toBeGreaterThan(before['right'] ?? 0);

    expect(await page.evaluate('html')).toContain('<output id="left">true</output>');
    expect(await texts('hydrated')).toBe('true false {}');
    await page.evaluate('unmount()');
    await eventually(async () => expect(await page.evaluate('listeners()')).toBe(0));
    await turn('left', 'disabled');
    await eventually(async () => expect(await page.evaluate(`client.value('left', true)`)).toBe(true));
    await holds(() => complaints.length === 0, 300);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
