import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

interface Page {
  items: { revision: number }[];
  next: string | null;
}

const pathsOf = ({ body }: AdminAnswer) => (body as { errors: { path: string }[] }).errors.map(({ path }) => path).sort();

describeEachDatabase('the pages of the audit trail', (database) => {
  const start = useServers();
  let admin: AdminClient;
  beforeAll(async () => {
    ({ admin } = await start({ database }));
  });

  const path = (project: string, environment = 'production') => `/api/projects/${project}/environments/${environment}/changes`;
  const page = async (query = '') => (await admin.call<Page>('GET', `${path('default')}${query}`)).body;

  /** Every revision, page by page. */
  async function walk(limit: number): Promise<number[]> {
    const revisions: number[] = [];
    for (let after: string | null = '0'; after !== null;) {
      const { items, next }: Page = await page(`?limit=${limit}&after=${after}`);
      revisions.push(...items.map(({ revision }) => revision));
      after = next;
    }
    return revisions;
  }

  it('come oldest first, from any revision on', async () => {
    await admin.createFlag('f');
    const statuses = ['enabled', 'disabled'] as const;
    for (let turn = 0; turn < 59; turn += 1) {
      await admin.patchEnv('f', 'production', { status: statuses[turn % 2] as 'enabled' });
    }
    const numbers = ({ items }: Page) => items.map(({ revision }) => revision);
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
    const first = await page();
    expect([numbers(first), first.next]).toEqual([range(1, 50), '50']);
    const second = await page('?after=50');
    expect([numbers(second), second.next]).toEqual([range(51, 60), null]);
    const odd = await page('?after=13&limit=7');
    expect([numbers(odd), odd.next]).toEqual([range(14, 20), '20']);
    const full = await page('?after=40&limit=20');
    expect([numbers(full), full.next]).toEqual([range(41, 60), null]);
    for (const after of ['60', '61', '9007199254740991']) {
      expect(await page(`?after=${after}`)).toEqual({ items: [], next: null });
    }
    expect(await walk(7)).toEqual(range(1, 60));
  });

  it.each([
    ['after=x', ['after']],
    ['after=-1', ['after']],
    ['after=1.5', ['after']],
    ['after=9007199254740992', ['after']],
    ['limit=0&after=', ['after', 'limit']],
    ['limit=101&since=3', ['limit', 'since']],
  ])('are refused for ?%s', async (query, paths) => {
    const answer = await admin.request('GET', `${path('default')}?${query}`);
    expect([answer.status, pathsOf(answer)]).toEqual([400, paths]);
  });

  it('of what is not there are none', async () => {
    expect(await admin.request('GET', path('default', 'nowhere'))).toMatchObject({ status: 404 });
    expect(await admin.request('GET', path('nowhere'))).toMatchObject({ status: 404, body: { code: 'project_not_found' } });
  });
});
