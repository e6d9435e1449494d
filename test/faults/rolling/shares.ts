import { type TestServer } from '../../support/server.js';

/** How many connections each node has open, by its metrics. */
export async function sharesOf(nodes: readonly TestServer[]): Promise<number[]> {
  return Promise.all(
    nodes.map(async ({ admin }) => {
      const { body } = await admin.call<string>('GET', '/metrics');
      const counts = [...body.matchAll(/^flagwire_connections\{.*\} (\d+)$/gm)].map(([, count]) => Number(count));
      return counts.reduce((sum, count) => sum + count, 0);
    }),
  );
}
