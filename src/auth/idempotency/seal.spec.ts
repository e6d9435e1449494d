import { describe, expect, it } from '@jest/globals';
import { Seal } from './seal.js';

describe('A seal', () => {
  const seal = new Seal('fw_adm_one', 'key');
  const text = '{"token":"fw_srv_é"}';

  it('opens what the same credential and key have closed', () => {
    expect(new Seal('fw_adm_one', 'key').open(seal.close(text))).toBe(text);
    expect(new Seal('fw_adm_one', 'key').id).toBe(seal.id);
  });

  it.each([
    ['fw_adm_two', 'key'],
    ['fw_adm_one', 'other key'],
    ['fw_adm_onek', 'ey'],
  ])('is another one for %s and %s', (credential, key) => {
    const other = new Seal(credential, key);
    expect(other.id).not.toBe(seal.id);
    expect(() => other.open(seal.close(text))).toThrow();
  });

  it('shows nothing of what it has closed, and closes the same text differently each time', () => {
    const [one, two] = [seal.close(text), seal.close(text)];
    expect(one).not.toBe(two);
    expect(Buffer.from(one, 'base64').toString('latin1')).not.toContain('token');
  });

  it('does not open what was changed', () => {
    const bytes = Buffer.from(seal.close(text), 'base64');
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index]! ^= 1;
      expect(() => seal.open(changed.toString('base64'))).toThrow();
    }
  });
});
