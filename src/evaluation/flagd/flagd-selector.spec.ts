import { describe, expect, it } from '@jest/globals';
import { InvalidInput } from '../../common/errors.js';
import { parseSelector } from './flagd-selector.js';

describe('A selector', () => {
  it.each([
    ['', undefined, undefined],
    ['key=fw_srv_a', 'fw_srv_a', undefined],
    ['flagSetId=shop/live', undefined, 'shop/live'],
    ['key=fw_srv_a,flagSetId=shop/live', 'fw_srv_a', 'shop/live'],
    [' flagSetId=shop/live , key=fw_srv_a ', 'fw_srv_a', 'shop/live'],
    ['key=a,key=a', 'a', undefined],
  ])('%j names a key and a flag set', (text, key, flagSetId) => {
    expect(parseSelector(text)).toEqual({ key, flagSetId });
  });

  it.each(['fw_srv_SECRET', 'key', 'key=', 'source=SECRET', 'key=SECRET,key=b', 'KEY=SECRET', `key=SECRET,${'x'.repeat(1024)}`])(
    '%j is refused where it is something else, without its words',
    (text) => {
      expect(() => parseSelector(text)).toThrow(InvalidInput);
      expect(() => parseSelector(text)).toThrow(expect.not.objectContaining({ message: expect.stringContaining('SECRET') }));
    },
  );
});
