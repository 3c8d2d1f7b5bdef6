import { expect, test } from 'vitest';
import { listWords, splitByWords } from './highlight.ts';

test('filters are no words', () => {
  expect(listWords('Cart kind:valve owner:"Jonas Weber" pay')).toEqual(['cart', 'pay']);
});

test('a text is taken apart where a word stands in it, in any case', () => {
  expect(splitByWords('new-Checkout-pay', ['checkout', 'pay'])).toEqual([
    { text: 'new-', isFound: false },
    { text: 'Checkout', isFound: true },
    { text: '-', isFound: false },
    { text: 'pay', isFound: true },
  ]);
});

test('of two words that begin alike the longer is found, and what patterns mean means nothing', () => {
  expect(splitByWords('check.out', ['c', 'check', '.'])).toEqual([
    { text: 'check', isFound: true },
    { text: '.', isFound: true },
    { text: 'out', isFound: false },
  ]);
});

test('without words a text is one piece', () => {
  expect(splitByWords('cart', [])).toEqual([{ text: 'cart', isFound: false }]);
});
