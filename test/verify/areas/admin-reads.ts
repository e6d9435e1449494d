import assert from 'node:assert/strict';
import { type Check } from '../check.js';
import { type Workspace } from '../workspace.js';

interface Page {
  items: { id: string }[];
  next: string | null;
}

/** The ids of every page of three. */
async function pagesOf(work: Workspace, query = ''): Promise<string[][]> {
  const pages: string[][] = [];
  let next: string | null = null;
  do {
    const after: string = next === null ? '' : `&after=${encodeURIComponent(next)}`;
    const { body }: { body: Page } = await work.admin.call<Page>('GET', work.projectPath(`/flags?limit=3${after}${query}`));
    pages.push(body.items.map(({ id }) => id));
    next = body.next;
  } while (next !== null);
  return pages;
}

export const adminReads: readonly Check[] = [
  {
    sentence: 'Lists come in pages, each entry once, in the same order each time',
    async run(bench) {
      const work = await bench.workspace();
      const ids = ['b', 'a.1', 'C', 'a', 'z-9', 'B', 'a_1'];
      for (const id of ids) await work.flag(id);
      const pages = await pagesOf(work);
      assert.deepEqual(
        pages.map(({ length }) => length),
        [3, 3, 1],
      );
      assert.deepEqual(pages.flat().sort(), [...ids].sort());
      assert.deepEqual(await pagesOf(work), pages);
      return pages.map((page) => page.join(' ')).join(' | ');
    },
  },
  {
    sentence: 'Flags are found by text, tag and status',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('checkout.one', { tags: ['shop'], description: 'A new BASKET' });
      await work.flag('search.two', { tags: ['shop', 'find'], environments: {} });
      await work.flag('three', { name: 'Basket three' });
      const found = async (query: string) => (await pagesOf(work, query)).flat();
      assert.deepEqual(await found('&search=basket'), ['checkout.one', 'three']);
      assert.deepEqual(await found('&tag=shop'), ['checkout.one', 'search.two']);
      assert.deepEqual(await found('&status=disabled'), ['search.two']);
      return 'search=basket: 2, tag=shop: 2, status=disabled: 1 of 3';
    },
  },
  {
    sentence: '/docs is a page and /docs-json is the OpenAPI document of every route',
    async run(bench) {
      const { admin } = await bench.shared();
      const nobody = admin.as(null);
      const page = await nobody.request('GET', '/docs');
      assert.deepEqual([page.status, page.headers['content-type']?.split(';')[0]], [200, 'text/html']);
      const { body } = await nobody.call<{ openapi: string; paths: Record<string, object> }>('GET', '/docs-json');
      assert.match(body.openapi, /^3\./);
      const routes = Object.entries(body.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => method + path));
      for (const route of ['get/sdk/stream', 'get/sdk/poll', 'post/sdk/ticket', 'get/health/ready', 'post/api/tokens']) {
        assert.ok(routes.includes(route), `${route} is not in it`);
      }
      return `OpenAPI ${body.openapi}, ${routes.length} operations on ${Object.keys(body.paths).length} paths`;
    },
  },
  {
    sentence: 'The audit trail has actor, time, comment, and each flag before and after',
    async run(bench) {
      const work = await bench.workspace();
      const { token } = await work.admin.createToken('editor', { name: 'ada', project: work.project });
      bench.lab.secrets.add(token);
      await work.flag('one');
      await work.edit('one', { default_variant: 'on' }, work.admin.as(token));
      await work.changeSet([{ flag: 'one', status: 'disabled' }], 'too loud');
      const [made, edited, stopped] = await work.trail();
      assert.deepEqual([made?.revision, edited?.revision, stopped?.revision], [1, 2, 3]);
      assert.equal(edited?.actor, 'ada');
      assert.equal(stopped?.comment, 'too loud');
      assert.ok(Math.abs(Date.now() - Date.parse(made?.time ?? '')) < 60_000, made?.time);
      const [change] = edited?.changes ?? [];
      const defaults = [change?.before, change?.after].map((flag) => (flag as { default_variant: string }).default_variant);
      assert.deepEqual(defaults, ['off', 'on']);
      assert.equal(made?.changes[0]?.before, null);
      const types = [made, edited, stopped].map((entry) => entry?.changes[0]?.type);
      assert.deepEqual(types, ['FlagCreated', 'FlagUpdated', 'FlagStatusChanged']);
      return `1 FlagCreated; 2 by ada, off to on; 3 FlagStatusChanged, "too loud"`;
    },
  },
];
