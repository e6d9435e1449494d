import { CROWD, fillWithFlags, LIVE } from '../test/e2e/support/many-flags.js';
import { ADMIN_TOKEN, type ServerOptions, startServer, type TestServer } from '../test/support/server.js';
import { type RowOptions } from './row.js';

/** The built server, with an environment, a server key of it, and what leads to its flags. */
export interface Product {
  server: TestServer;
  key: string;
  project: string;
  environment: string;
}

/** Pings are off: both sides send changes alone. What is limited for each key or in time is not what is measured. */
const SETTINGS = {
  FLAGWIRE_PING_S: '3600',
  FLAGWIRE_HEARTBEAT_S: '3600',
  FLAGWIRE_SOCKET_MAX_AGE_S: '0',
  FLAGWIRE_MAX_PER_SERVER_KEY: '20000',
};

type Start = Pick<ServerOptions, 'database' | 'nodeArgs' | 'env'>;

async function start(cleanUp: RowOptions['cleanUp'], options: Start): Promise<TestServer> {
  const server = await startServer({ ...options, env: { ...SETTINGS, ...options.env }, searched: false });
  cleanUp(() => server.dispose());
  return server;
}

/** On a new SQLite database if not said otherwise, without flags. */
export async function startProduct(cleanUp: RowOptions['cleanUp'], options: Start = {}): Promise<Product> {
  const server = await start(cleanUp, options);
  const { key } = await server.admin.createKey('production');
  return { server, key, project: 'default', environment: 'production' };
}

/** The same with so many equal flags, `f00001` and on. */
export async function startWithFlags(cleanUp: RowOptions['cleanUp'], count: number): Promise<Product> {
  const server = await start(cleanUp, {});
  const key = await fillWithFlags(server, count, {});
  return { server, key, project: CROWD.project, environment: LIVE };
}

/** Where the settings of a flag in the product's environment are changed. */
export function settingsPath({ project, environment }: Product, flag: string): string {
  return `/api/projects/${project}/flags/${flag}/environments/${environment}`;
}

/** Changes the status of flags, each time to the other one. */
export function toggling(product: Product): (flag: string) => Promise<void> {
  const enabled = new Set<string>();
  return (flag) => {
    const isOn = enabled.delete(flag);
    if (!isOn) enabled.add(flag);
    return send('PATCH', product.server.url + settingsPath(product, flag), { status: isOn ? 'disabled' : 'enabled' });
  };
}

/** Over connections that are kept, as a service would. @throws Error unless the answer is 2xx. */
export async function send(method: string, url: string, body?: object | Buffer): Promise<void> {
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' };
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const answer = await fetch(url, { method, headers, ...(bytes === undefined ? {} : { body: bytes }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url} was answered ${answer.status}: ${text}`);
}
