import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { httpRequest } from '../support/http-request.js';
import { projectRoot } from '../support/project-root.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { QuickStart, readmeOf } from './quick-start.js';

const STARTED = { timeoutMs: 40_000 };
/** What the pages promise: a moment. */
const SOON = { timeoutMs: 5000 };

describe('The quick starts, each by the line of its page', () => {
  const start = useServers();
  let server: TestServer;
  let key: string;
  let running: QuickStart | null = null;

  beforeAll(async () => {
    server = await start();
    ({ key } = await server.admin.createKey('development'));
    await server.admin.createFlag('welcome', { default_variant: 'on' });
  });
  afterEach(async () => void (await running?.stop()));

  const turn = (status: 'enabled' | 'disabled') => server.admin.patchEnv('welcome', 'development', { status });

  it.each(['node', 'openfeature'])('examples/%s says each change, and ends with Ctrl-C', async (name) => {
    await turn('enabled');
    const example = (running = new QuickStart(name, key, { FLAGWIRE_URL: server.url }));
    await eventually(() => expect(example.output).toBe('welcome is on\n'), STARTED);
    await turn('disabled');
    await eventually(() => expect(example.output).toBe('welcome is on\nwelcome is off\n'), SOON);
    await example.stop();
    expect(example.output).toBe('welcome is on\nwelcome is off\n');
  });

  it('examples/nest answers with each change', async () => {
    await turn('enabled');
    const PORT = String(await freePort());
    const example = (running = new QuickStart('nest', key, { FLAGWIRE_URL: server.url, PORT }));
    const answer = async () => (await httpRequest(`http://127.0.0.1:${PORT}/`)).text;
    await eventually(() => expect(example.output).toContain(`listening on http://127.0.0.1:${PORT}`), STARTED);
    expect(await answer()).toBe('{"welcome":true,"greeting":"Welcome!"}');
    await turn('disabled');
    await eventually(async () => expect(await answer()).toBe('{"welcome":false,"greeting":"Come back later."}'), SOON);
    expect(readmeOf('nest')).toContain(await answer());
    await example.stop();
    await expect(answer()).rejects.toThrow('ECONNREFUSED');
  });

  it.each([
    ['node', '.', 1],
    ['openfeature', '.', 1],
    ['nest', 'src', 3],
    ['browser', '.', 1],
    ['browser', 'page', 1],
    ['web-provider', 'page', 1],
    ['react', 'src', 3],
  ])('the page of examples/%s shows the code as it is (%s)', (example, folder, shown) => {
    const path = join(projectRoot(), 'examples', example, folder);
    const texts = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.[jt]sx?$/.test(entry.name))
      .map(({ name }) => readFileSync(join(path, name), 'utf8'));
    expect(texts.filter((text) => readmeOf(example).includes(text))).toHaveLength(shown);
  });
});
