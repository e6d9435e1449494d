import { type Recorder } from './recorder.js';
import { socketScenarios } from './socket-scenarios.js';

const TARGETING = { if: [{ in: ['@example.com', { var: 'email' }] }, 'on', 'off'] };

async function twoFlags(recorder: Recorder): Promise<void> {
  const named = { name: 'New checkout', tags: ['checkout'], owner: 'payments', critical: true };
  const environments = { production: { status: 'enabled', targeting: TARGETING } };
  await recorder.flag('checkout.new-flow', { ...named, environments });
  const variants = { few: 10, many: 1000 };
  await recorder.flag('upload-limit', { name: 'Upload limit', value_type: 'number', variants, default_variant: 'few' });
}

/** What each transcript records. On the server the floor is 3 revisions, so that four writes leave a cursor below it. */
export const scenarios: Record<string, (recorder: Recorder) => Promise<void>> = {
  async cold(recorder) {
    await twoFlags(recorder);
    recorder.note(
      'A client that has nothing gets every flag. It swaps them in at SyncComplete, and keeps that id as its cursor.',
    );
    const stream = await recorder.stream();
    await stream.synced();
    await stream.close();
  },

  async delta(recorder) {
    await twoFlags(recorder);
    const cursor = await recorder.presentCursor();
    recorder.note('While a client was away a flag was switched off, one was made and one was archived.');
    await recorder.toggle('checkout.new-flow', 'disabled');
    const plain = { value_type: 'boolean', variants: { on: true, off: false }, default_variant: 'off' };
    await recorder.write('POST', '/flags', { id: 'dark-mode', name: 'Dark mode', ...plain });
    await recorder.write('DELETE', '/flags/upload-limit');
    recorder.note('It comes back with its cursor, and gets exactly these, in their order.');
    const stream = await recorder.stream({ cursor });
    await stream.synced();
    await stream.close();
  },

  async 'up-to-date'(recorder) {
    await twoFlags(recorder);
    recorder.note('A client comes back and nothing has happened meanwhile.');
    const stream = await recorder.stream({ cursor: await recorder.presentCursor() });
    await stream.synced();
    await stream.close();
  },

  async 'too-old'(recorder) {
    await twoFlags(recorder);
    const cursor = await recorder.presentCursor();
    recorder.note('This server answers for the newest 3 revisions (FLAGWIRE_FLOOR_REVISIONS). A client misses 4 and a flag.');
    await recorder.toggle('checkout.new-flow', 'disabled');
    await recorder.toggle('checkout.new-flow', 'enabled');
    await recorder.toggle('upload-limit', 'enabled');
    await recorder.write('DELETE', '/flags/upload-limit');
    recorder.note('Its cursor is below the floor: it gets every flag, and learns by what is missing that one is gone.');
    const stream = await recorder.stream({ cursor });
    await stream.synced();
    await stream.close();
  },

  async 'broken-full-sync'(recorder) {
    await twoFlags(recorder);
    recorder.note('A client of another history has a cursor that means nothing here: a full sync begins.');
    const broken = await recorder.stream({ cursor: 'retired0.7.m00007' });
    await broken.probe.waitForSync();
    broken.write('id: none\ndata: {"type":"FlagUpdated","data":{"id":"upload-limit"');
    await broken.close();
    recorder.note(
      'The connection is lost here. What was staged is dropped, what was held before stays. The last id was none, so the next\n' +
        'connection starts over: no half of a state can be resumed from.',
    );
    const stream = await recorder.stream({ cursor: 'none' });
    await stream.synced();
    await stream.close();
  },

  async 'change-set'(recorder) {
    await twoFlags(recorder);
    await recorder.flag('dark-mode', { name: 'Dark mode' });
    recorder.note('A client is up to date and listens.');
    const stream = await recorder.stream({ cursor: await recorder.presentCursor() });
    await stream.synced();
    recorder.note('Three flags change at once.');
    const cursor = await recorder.changeSet([
      { flag: 'checkout.new-flow', status: 'disabled' },
      { flag: 'upload-limit', status: 'enabled', default_variant: 'many' },
      { flag: 'dark-mode', status: 'enabled' },
    ]);
    recorder.note('The events with "more" have the cursor before the set: whoever loses the connection here gets the set again.');
    await stream.until(cursor);
    await stream.close();
  },

  async filtered(recorder) {
    await twoFlags(recorder);
    await recorder.flag('checkout.gift-cards', { name: 'Gift cards' });
    recorder.note('A client wants the flags of the checkout only. The hash of its filter stands in its cursors.');
    const flags = ['checkout.*'];
    const stream = await recorder.stream({ flags });
    await stream.synced();
    recorder.note('One change set of three flags: what the filter lets through arrives as a set of two.');
    const cursor = await recorder.changeSet([
      { flag: 'checkout.gift-cards', status: 'enabled' },
      { flag: 'checkout.new-flow', status: 'disabled' },
      { flag: 'upload-limit', status: 'enabled' },
    ]);
    await stream.until(cursor);
    const kept = stream.cursor;
    await stream.close();
    recorder.note('The client leaves. Flags change that it does not want.');
    await recorder.toggle('upload-limit', 'disabled');
    await recorder.toggle('upload-limit', 'enabled');
    recorder.note('It comes back: no events, and a newer cursor.');
    const again = await recorder.stream({ flags, cursor: kept });
    await again.synced();
    await again.close();
  },

  async 'kill-switch'(recorder) {
    await twoFlags(recorder);
    recorder.note('A client is up to date and listens.');
    const stream = await recorder.stream({ cursor: await recorder.presentCursor() });
    await stream.synced();
    recorder.note('Somebody pulls the kill switch. The status alone has changed, so the event has nothing else in it.');
    await stream.until(await recorder.toggle('checkout.new-flow', 'disabled'));
    recorder.note('And back.');
    await stream.until(await recorder.toggle('checkout.new-flow', 'enabled'));
    await stream.close();
  },

  async revocation(recorder) {
    await twoFlags(recorder);
    recorder.note('A client is up to date and listens.');
    const stream = await recorder.stream({ cursor: await recorder.presentCursor() });
    await stream.synced();
    recorder.note('Its key is revoked.');
    await recorder.revoke();
    await stream.ended();
    recorder.note('The server has closed the connection. No delay: the client is not to come back by itself.');
    await stream.close();
  },

  async poll(recorder) {
    await twoFlags(recorder);
    recorder.note('A client that polls gets every flag, with a tag.');
    const first = await recorder.poll({});
    const { cursor, etag } = first.json() as { cursor: string; etag: string };
    recorder.note('As long as the tag is new, it gets nothing.');
    await recorder.poll({ headers: { 'If-None-Match': etag } });
    await recorder.changeSet([
      { flag: 'checkout.new-flow', status: 'disabled' },
      { flag: 'upload-limit', status: 'enabled' },
    ]);
    recorder.note('Another way to ask: what came since?');
    await recorder.poll({ query: { since: cursor } });
  },

  ...socketScenarios,
};
