import { type TestServer } from '../../support/server.js';

/**
 * The sum of a figure's lines in /metrics, over all labels.
 * @param label of the lines that are summed, as it stands there: `kind="major"`; default all.
 * @throws Error where there is no such figure.
 */
export async function metric(server: TestServer, name: string, label = ''): Promise<number> {
  const { body } = await server.admin.call<string>('GET', '/metrics');
  const lines = body.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (lines.length === 0) throw new Error(`/metrics has no ${name}`);
  return lines.filter((line) => line.includes(label)).reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
