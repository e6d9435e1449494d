import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { projectRoot } from '../../support/project-root.js';

export const CHROMIUM = '/usr/bin/chromium';
export const CHROMIUM_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
export const hasChromium = spawnSync(CHROMIUM, ['--version'], { stdio: 'ignore' }).status === 0;

/** What a page with the stock web provider consists of: nothing in it is ours. */
const SCRIPT = `
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
window.client = OpenFeature.getClient();
for (const event of Object.values(ProviderEvents)) {
  client.addHandler(event, (details) => heard(event, (details?.flagsChanged ?? []).join(), client.getBooleanValue('shown', false)));
}
window.begin = async ({ url, key, context }) => {
  await OpenFeature.setContext(context);
  const headers = [['Authorization', 'Bearer ' + key]];
  await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl: url, headers }));
};
`;

/** An event that a page has heard. */
export interface Heard {
  /** `PROVIDER_CONFIGURATION_CHANGED a,b`. */
  event: string;
  /** Of the flag "shown", as the page has it then. */
  shown: boolean;
  /** Monotonic milliseconds of this process. */
  at: number;
}

export interface BrowserPage {
  readonly page: Page;
  readonly heard: Heard[];
  /** What it has asked of Flagwire: `POST /ofrep/v1/evaluate/flags 200`, `GET /ofrep/v1/stream failed`; a preflight is not listed. */
  readonly asked: string[];
}

/** A real Chromium, and a site whose pages have OpenFeature's web SDK with its stock OFREP provider, bundled as a team would do it. */
export class StockBrowser {
  private constructor(
    private readonly browser: Browser,
    private readonly site: Server,
  ) {}

  static async start(): Promise<StockBrowser> {
    const contents = { stdin: { contents: SCRIPT, resolveDir: projectRoot() }, absWorkingDir: projectRoot() };
    const { outputFiles } = await build({ ...contents, bundle: true, write: false, format: 'esm', platform: 'browser' });
    const site = createServer((request, response) => {
      if (request.url === '/page.js') {
        return void response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(outputFiles[0]?.text);
      }
      const page = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    return new StockBrowser(await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS }), site);
  }

  /** Of its pages; a key has to list it. */
  get origin(): string {
    return `http://127.0.0.1:${(this.site.address() as AddressInfo).port}`;
  }

  /** A page whose provider is ready. @param key a client key. */
  async open(url: string, key: string, context: Record<string, unknown> = {}): Promise<BrowserPage> {
    const page = await this.browser.newPage();
    const opened: BrowserPage = { page, heard: [], asked: [] };
    const note = (method: string, address: string, how: string | number) => {
      const isOurs = address.startsWith(url) && method !== 'OPTIONS';
      if (isOurs) opened.asked.push(`${method} ${new URL(address).pathname} ${how}`);
    };
    page.on('response', (response) => note(response.request().method(), response.url(), response.status()));
    page.on('requestfailed', (request) => note(request.method(), request.url(), 'failed'));
    await page.exposeFunction('heard', (event: string, flags: string, shown: boolean) =>
      opened.heard.push({ event: flags === '' ? event : `${event} ${flags}`, shown, at: performance.now() }),
    );
    await page.goto(this.origin);
    await page.waitForFunction('window.begin !== undefined');
    await page.evaluate(`begin(${JSON.stringify({ url, key, context })})`);
    return opened;
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.site.closeAllConnections();
    await new Promise((resolve) => this.site.close(resolve));
  }
}
