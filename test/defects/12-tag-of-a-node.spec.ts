import { expect, it } from '@jest/globals';
import { poll } from '../support/poll-client.js';
import { useNodes } from './in-process-node.js';

const nodes = useNodes();

it('defect 12: the tag is the same on every node, and so are the bytes: whoever is sent to another node gets a 304', async () => {
  const { url: databaseUrl } = await nodes.postgres();
  const first = await nodes.start({ databaseUrl });
  const key = await first.key();
  // The first node learns the flags one by one, in this order; the second all at once, as the database gives them.
  for (const id of ['zebra', 'mule', 'ant', 'bee']) await first.admin.createFlag(id);
  await first.admin.archive('zebra');
  await first.admin.restore('zebra');
  await first.admin.patchFlag('mule', { description: 'written again' });
  const second = await nodes.start({ databaseUrl });

  const answers = await Promise.all([first, second].map(({ url }) => poll({ url, key })));
  const [one, two] = answers.map((answer) => ({
    tag: answer.header('etag'),
    date: answer.header('last-modified'),
    body: answer.text,
  }));
  expect(one).toEqual(two);
  for (const { url } of [first, second]) {
    const answer = await poll({ url, key, headers: { 'If-None-Match': one?.tag ?? '' } });
    expect([answer.status, answer.header('etag')]).toEqual([304, one?.tag]);
  }
});
