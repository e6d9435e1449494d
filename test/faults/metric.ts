import { type TestServer } from '../support/server.js';

/** A figure of /metrics that has no labels. @throws Error where it is not there. */
export async function metric(server: TestServer, name: string): Promise<number> {
  const { body } = await server.admin.call<string>('GET', '/metrics');
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1];
  if (value === undefined) throw new Error(`no ${name} in ${body}`);
  return Number(value);
}
