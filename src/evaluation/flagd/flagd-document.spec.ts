import { describe, expect, it } from '@jest/globals';
import { type FlagDefinition } from '@flagwire/protocol/sync';
import { FakeFeed, flags, updated } from '../../changes/change-feed.fake.js';
import { flagdDocument } from './flagd-document.js';

interface Document {
  metadata: Record<string, unknown>;
  flags: Record<string, Record<string, unknown>>;
}

const documentOf = (feed: FakeFeed) => JSON.parse(flagdDocument(feed.present)) as Document;

function withFlags(...fields: Partial<FlagDefinition>[]): FakeFeed {
  return new FakeFeed(flags(...fields.map((_, index) => `flag-${index}`)).map((flag, index) => ({ ...flag, ...fields[index] })));
}

describe('A flagd document', () => {
  it('has each flag by renaming alone', () => {
    const targeting = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', null] };
    const [flag] = flags('flag-0');
    const feed = withFlags({ status: 'enabled', targeting, default_variant: 'off' });
    expect(documentOf(feed).flags).toEqual({
      'flag-0': { state: 'ENABLED', variants: flag?.variants, defaultVariant: 'off', targeting, metadata: { version: 1 } },
    });
  });

  it('knows two states: what is deprecated still evaluates', () => {
    const feed = withFlags({ status: 'enabled' }, { status: 'disabled' }, { status: 'deprecated' });
    expect(Object.values(documentOf(feed).flags).map(({ state }) => state)).toEqual(['ENABLED', 'DISABLED', 'ENABLED']);
  });

  it('leaves a default that the code has to the code', () => {
    expect(documentOf(withFlags({ default_variant: null })).flags['flag-0']).toMatchObject({ defaultVariant: null });
  });

  it('names its environment and its revision, and each flag its own version, which alone moves with the flag', () => {
    const feed = new FakeFeed(flags('a', 'b'));
    const { projectKey, key } = feed.present.environment;
    const name = `${projectKey}/${key}`;
    const before = documentOf(feed);
    expect(before.metadata).toEqual({ scope: name, flagSetId: name, version: 'epoch001.0.m00000' });
    feed.commit(updated('a', 2));
    const after = documentOf(feed);
    expect(after.metadata).toEqual({ scope: name, flagSetId: name, version: 'epoch001.1.m00001' });
    expect([after.flags['a']?.['metadata'], after.flags['b']]).toEqual([{ version: 2 }, before.flags['b']]);
  });

  it('is the same bytes on every node: its flags are in the order of their ids', () => {
    expect(flagdDocument(new FakeFeed(flags('b', 'a', 'c')).present)).toBe(
      flagdDocument(new FakeFeed(flags('c', 'b', 'a')).present),
    );
    expect(Object.keys(documentOf(new FakeFeed(flags('b', 'a'))).flags)).toEqual(['a', 'b']);
  });
});
