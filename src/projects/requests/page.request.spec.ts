import { expect, test } from '@jest/globals';
import { digits, limitOf, pageOf } from './page.request.js';

test('a page that has one row more than its limit names the last one shown as the start of the next', () => {
  expect(pageOf(['a', 'b', 'c'], 2, (row) => row)).toEqual({ items: ['a', 'b'], next: 'b' });
});

test('a page with just as many rows as its limit is the last one', () => {
  expect(pageOf(['a', 'b'], 2, (row) => row)).toEqual({ items: ['a', 'b'], next: null });
});

test('an empty list is one page', () => {
  expect(pageOf<string>([], 2, (row) => row)).toEqual({ items: [], next: null });
});

test('the limit is 50 where none is given', () => {
  expect(limitOf({})).toBe(50);
  expect(limitOf({ limit: '7' })).toBe(7);
});

test.each(['', '0', '101', '1e1', '+5', '05', ' 5', ['1', '2'], null])('the limit %j is refused', (value) => {
  expect(digits(1, 100)(value)).toBe('must be a whole number from 1 to 100');
});
