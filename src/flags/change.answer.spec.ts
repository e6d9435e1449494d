import { expect, test } from '@jest/globals';
import { type FlagDefinition } from '@flagwire/protocol/sync';
import { type Change } from '../changes/change.entity.js';
import { changeRecord } from './change.answer.js';

const before = { id: 'a', status: 'enabled', metadata: { version: 1, updated_at: '2026-01-01T00:00:00.000Z' } } as FlagDefinition;

test('the trail shows what a flag was before and after each event', () => {
  const updated_at = '2026-01-02T00:00:00.000Z';
  const change: Change = {
    environmentId: 'e',
    revision: 5,
    epoch: 'abcdefgh',
    mark: 'abcdef',
    httpDate: updated_at,
    createdAt: updated_at,
    actor: 'somebody',
    comment: null,
    traceparent: null,
    loggedAt: null,
    events: [
      {
        type: 'FlagStatusChanged',
        data: { flag_id: 'a', old_status: 'enabled', new_status: 'disabled', version: 2, updated_at },
      },
      { type: 'FlagDeleted', data: { flag_id: 'b', version: 3 } },
    ],
    before: [before, { ...before, id: 'b' }],
  };
  expect(changeRecord(change)).toEqual({
    revision: 5,
    cursor: 'abcdefgh.5.abcdef',
    time: updated_at,
    actor: 'somebody',
    comment: null,
    changes: [
      {
        flag: 'a',
        type: 'FlagStatusChanged',
        before,
        after: { ...before, status: 'disabled', metadata: { version: 2, updated_at } },
      },
      { flag: 'b', type: 'FlagDeleted', before: { ...before, id: 'b' }, after: null },
    ],
  });
});
