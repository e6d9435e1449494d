import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseMessage } from './parse-message.js';

const pong = { type: 'Pong', data: {}, id: 'c1' };

describe('A message that was received', () => {
  it('is read from text and from an object alike', () => {
    expect(parseMessage(JSON.stringify(pong))).toEqual(parseMessage(pong));
  });

  it('has the id of the line outside of it, and without one its own', () => {
    expect([parseMessage(pong, 'outside'), parseMessage(pong), parseMessage({ ...pong, id: 7 })]).toMatchObject([
      { id: 'outside' },
      { id: 'c1' },
      { id: null },
    ]);
  });

  it('of a type that is not known is no mistake: a newer server may send it', () => {
    expect(parseMessage({ type: 'toString', data: null, id: 'c2', more: true })).toEqual({
      type: 'Unknown',
      id: 'c2',
      more: true,
      answer: false,
    });
  });

  it.each<[string, object]>([
    ['SyncStarted', { mode: 'half' }],
    ['SyncComplete', { flag_count: -1 }],
    ['Heartbeat', { age_ms: '1' }],
    ['Goodbye', { reason: 'shutdown' }],
    ['FlagDeleted', { flag_id: 'a', version: 1.5 }],
    ['FlagStatusChanged', { flag_id: 'a', new_status: 'on', version: 1, updated_at: 't' }],
    ['FlagCreated', { id: 'a' }],
  ])('is malformed as a %s of %j', (type, data) => {
    expect(parseMessage({ type, data })).toMatchObject({ type: 'Malformed', reason: expect.stringContaining(type) });
  });

  it('may be anything at all: nothing is thrown', () => {
    const field = fc.oneof(fc.anything(), fc.constantFrom('FlagUpdated', 'Goodbye', 'SyncStarted'));
    const anything = fc.oneof(fc.string(), fc.anything(), fc.record({ type: field, data: field, id: field, more: field }));
    fc.assert(
      fc.property(anything, (value) => {
        expect(['Event', 'Unknown', 'Control', 'Malformed']).toContain(parseMessage(value).type);
      }),
    );
  });
});
