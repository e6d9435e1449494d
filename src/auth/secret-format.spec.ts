import { describe, expect, it } from '@jest/globals';
import { SystemRandom } from '../common/random.js';
import { drawSecret, parseSecret, sameHash, sameText, shownPrefix } from './secret-format.js';

const random = new SystemRandom();

describe('secrets', () => {
  it.each([
    ['server', 'fw_srv_'],
    ['client', 'fw_cli_'],
    ['admin', 'fw_adm_'],
  ] as const)('of kind %s begin with %s and can be read again', (kind, prefix) => {
    const drawn = drawSecret(kind, random);
    expect(drawn.text).toMatch(new RegExp(`^${prefix}[0-9A-Za-z]{50}$`));
    expect(parseSecret(drawn.text)).toEqual({
      kind,
      selector: drawn.selector,
      secretHash: Buffer.from(drawn.secretHash, 'hex'),
    });
  });

  it('do not stand in what is stored or shown', () => {
    const { text, selector, secretHash } = drawSecret('server', random);
    const secret = text.slice(19, 51);
    expect(secretHash).not.toContain(secret);
    expect(shownPrefix('server', selector)).toBe(text.slice(0, 11));
  });

  it('tell every typo in one character from an unknown key', () => {
    const { text } = drawSecret('server', random);
    for (let index = 0; index < text.length; index++) {
      const typo = text.slice(0, index) + (text[index] === 'a' ? 'b' : 'a') + text.slice(index + 1);
      expect(parseSecret(typo)).toBe('malformed');
    }
  });

  it.each(['', 'fw_srv_', 'hello', 'fw_tkt_abc.def', 'x'.repeat(100_000)])('are not %j', (text) => {
    expect(parseSecret(text)).toBe('malformed');
  });

  it('are refused with anything around them', () => {
    const { text } = drawSecret('server', random);
    for (const wrapped of [` ${text}`, `${text}\n`, text.slice(0, -1), `${text}x`])
      expect(parseSecret(wrapped)).toBe('malformed');
  });

  it('are compared whatever their length', () => {
    expect(sameHash(Buffer.from('ab'), Buffer.from('abc'))).toBe(false);
    expect(sameText('ab', 'abc')).toBe(false);
    expect(sameText('abc', 'abc')).toBe(true);
  });
});
