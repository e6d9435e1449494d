import { expect, test } from '@jest/globals';
import { cursorHeader } from './write-replies.js';

test('a write names the cursor of each environment that it covers, as an RFC 9651 dictionary', () => {
  const covered = [
    { environment: { id: '1', key: 'production' }, cursor: { epoch: 'k3x9q0ab', revision: 42, mark: 'p7q1zd' } },
    { environment: { id: '2', key: 'constructor' }, cursor: { epoch: 'k3x9q0ab', revision: 0, mark: '000000' } },
  ];
  expect(cursorHeader(covered)).toBe('production="k3x9q0ab.42.p7q1zd", constructor="k3x9q0ab.0.000000"');
});
