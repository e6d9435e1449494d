import { type TestServer } from '../../support/server.js';

/**
 * The sum of a figure's lines in /metrics, over all labels.
 * @throws Error where there is no such figure.
 */
export async function metric(server: TestServer, name: string): Promise<number> {
  const { body } = await server.admin.call<string>('GET', '/metrics');
  const lines = body.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (lines.length === 0) throw new Error(`/metrics has no ${name}`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
