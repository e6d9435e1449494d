import { beforeAll, describe, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

interface Page {
  items: { id: string; environments: object }[];
  next: string | null;
}

const FLAGS = '/api/projects/default/flags';
const pathsOf = ({ body }: AdminAnswer) => (body as { errors: { path: string }[] }).errors.map(({ path }) => path).sort();

describeEachDatabase('the list of flags', (database) => {
  const start = useServers();
  let admin: AdminClient;
  beforeAll(async () => {
    ({ admin } = await start({ database }));
  });

  const page = async (query: string) => (await admin.call<Page>('GET', `${FLAGS}?${query}`)).body;
  const list = async (query: string) => (await page(query)).items.map(({ id }) => id);

  /** Every page from there on, by following `next` until it is null. */
  async function walk(limit: number, start = ''): Promise<string[][]> {
    const pages: string[][] = [];
    for (let after: string | null = start; after !== null;) {
      const { items, next }: Page = await page(`limit=${limit}&after=${encodeURIComponent(after)}`);
      pages.push(items.map(({ id }) => id));
      after = next;
    }
    return pages;
  }

  describe('of 120 flags', () => {
    // Made out of order, and with names that sort otherwise by letters than by numbers and otherwise in capitals.
    const ids = Array.from({ length: 120 }, (_, index) => `${index % 3 === 0 ? 'Flag' : 'flag'}.${(index * 7) % 120}`);
    beforeAll(async () => {
      for (const id of ids) await admin.createFlag(id);
    });

    it('comes in pages of fifty, each flag once, in one order', async () => {
      const pages = await walk(50);
      expect(pages.map(({ length }) => length)).toEqual([50, 50, 20]);
      expect([...pages.flat()].sort()).toEqual([...ids].sort());
      expect((await walk(7)).flat()).toEqual(pages.flat());
      // A last page that is full knows that it is the last.
      expect((await walk(40)).map(({ length }) => length)).toEqual([40, 40, 40]);
    });

    it('has fifty of them where nothing else is asked for, and a hundred at most', async () => {
      expect(await list('')).toHaveLength(50);
      expect(await list('limit=100')).toHaveLength(100);
      expect(await list('limit=1')).toHaveLength(1);
    });

    it('goes on behind what `after` names, though that is gone or was never there', async () => {
      const all = (await walk(100)).flat();
      const [third = '', fourth] = all.slice(2);
      const first = await page('limit=3');
      expect(first.next).toBe(third);
      await admin.archive(third);
      expect((await list(`limit=1&after=${third}`))[0]).toBe(fourth);
      await admin.createFlag('flag.zzz');
      expect((await walk(50, third)).flat()).toContain('flag.zzz');
      expect(await page('after=zzzz')).toEqual({ items: [], next: null });
      await admin.restore(third);
    });

    it('has each flag with its settings', async () => {
      await admin.patchEnv('flag.1', 'staging', { status: 'deprecated' });
      const { items } = await page('search=flag.1&limit=100');
      const unset = { status: 'disabled', targeting: {}, version: 1 };
      expect(items.find(({ id }) => id === 'flag.1')?.environments).toEqual({
        development: unset,
        production: unset,
        staging: { ...unset, status: 'deprecated', version: 2 },
      });
      expect(items.find(({ id }) => id === 'flag.1')).toEqual((await admin.getFlag('flag.1')).body);
    });
  });

  describe('narrowed', () => {
    beforeAll(async () => {
      await admin.createProject('narrow');
      for (const key of ['one', 'two']) await admin.createEnvironment(key, { project: 'narrow' });
      const make = (id: string, fields: object) => admin.createFlag(id, fields, { project: 'narrow' });
      await make('checkout.new', { name: 'New checkout', tags: ['shop', 'a"b'], environments: { one: { status: 'enabled' } } });
      await make('search', { name: 'Search', description: 'Finds the CHECKOUT', tags: ['shop, find'] });
      await make('percent', { name: '100% of_all!', tags: ['shop'], environments: { two: { status: 'deprecated' } } });
      await make('underscore', { name: 'ofXall', description: 'Größe ÄÖ', tags: [] });
      await make('old', { tags: ['shop'], environments: { one: { status: 'enabled' } } });
      await admin.archive('old', { project: 'narrow' });
    });

    const narrow = async (query: string) =>
      (await admin.call<Page>('GET', `/api/projects/narrow/flags?${query}`)).body.items.map(({ id }) => id).sort();

    it.each([
      ['', ['checkout.new', 'percent', 'search', 'underscore']],
      ['search=checkout', ['checkout.new', 'search']],
      ['search=CHECKOUT.N', ['checkout.new']],
      ['search=', ['checkout.new', 'percent', 'search', 'underscore']],
      ['search=100%25', ['percent']],
      ['search=of_all', ['percent']],
      ['search=%25', ['percent']],
      ['search=!', ['percent']],
      ["search='", []],
      ['search=Gr%C3%B6%C3%9Fe', ['underscore']],
      ['tag=shop', ['checkout.new', 'percent']],
      ['tag=a%22b', ['checkout.new']],
      ['tag=sho', []],
      ['tag=SHOP', []],
      ['tag=shop%2C%20find', ['search']],
      ['status=enabled', ['checkout.new']],
      ['status=deprecated', ['percent']],
      ['status=disabled', ['checkout.new', 'percent', 'search', 'underscore']],
      ['archived=true', ['old']],
      ['archived=false', ['checkout.new', 'percent', 'search', 'underscore']],
      ['archived=true&tag=shop&search=o', ['old']],
      ['tag=shop&status=enabled', ['checkout.new']],
      ['tag=shop&status=enabled&search=100', []],
    ])('by ?%s', async (query, ids) => {
      expect(await narrow(query)).toEqual(ids);
    });

    it('finds letters of any alphabet in any case', async () => {
      expect(await narrow(`search=${encodeURIComponent('GRÖSSE')}`)).toEqual([]);
      expect(await narrow(`search=${encodeURIComponent('GRÖßE äö')}`)).toEqual(['underscore']);
    });

    it('comes in pages too', async () => {
      const { items, next } = (await admin.call<Page>('GET', '/api/projects/narrow/flags?tag=shop&limit=1')).body;
      expect([items.map(({ id }) => id), next]).toEqual([['checkout.new'], 'checkout.new']);
      expect(await narrow(`tag=shop&limit=1&after=${next}`)).toEqual(['percent']);
    });
  });

  it.each([
    ['limit=0', ['limit']],
    ['limit=101', ['limit']],
    ['limit=ten', ['limit']],
    ['limit=-5', ['limit']],
    ['limit=5.0', ['limit']],
    ['limit=', ['limit']],
    ['limit=5&limit=5', ['limit']],
    ['status=on', ['status']],
    ['status=', ['status']],
    ['archived=yes', ['archived']],
    ['archived=', ['archived']],
    ['tag=', ['tag']],
    ['tag=a&tag=b', ['tag']],
    [`search=${'x'.repeat(257)}`, ['search']],
    ['search=%00', ['search']],
    ['sort=name', ['sort']],
    ['limit=0&status=on&archived=yes&page=2', ['archived', 'limit', 'page', 'status']],
    ['toString=1&__proto__=1', ['__proto__', 'toString']],
  ])('is refused for ?%s', async (query, paths) => {
    const answer = await admin.request('GET', `${FLAGS}?${query}`);
    expect(answer.status).toBe(400);
    expect(pathsOf(answer)).toEqual(paths);
  });

  it('of a project that is not there is none', async () => {
    const answer = await admin.request('GET', '/api/projects/nowhere/flags');
    expect(answer).toMatchObject({ status: 404, body: { code: 'project_not_found' } });
  });

  it('shows a token of some environments these alone, and narrows by what it shows', async () => {
    await admin.createFlag('hidden', { environments: { production: { status: 'deprecated' } }, tags: ['limited'] });
    const { token } = await admin.createToken('viewer', { project: 'default', environments: ['staging'] });
    const get = async (query: string) => (await admin.as(token).call<Page>('GET', `${FLAGS}?${query}`)).body.items;
    const [seen] = await get('tag=limited');
    expect(Object.keys(seen?.environments ?? {})).toEqual(['staging']);
    // That it is deprecated in production is what such a token may not see.
    expect(await get('tag=limited&status=deprecated')).toHaveLength(0);
    expect(await get('tag=limited&status=disabled')).toHaveLength(1);
  });
});
