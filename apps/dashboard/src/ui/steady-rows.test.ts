import { expect, test } from 'vitest';
import { type Held, holdRows } from './steady-rows.ts';

interface Row {
  readonly key: string;
  readonly at: number;
}

const rows = (text: string, at: number): readonly Row[] => [...text].map((key) => ({ key, at }));
const keyOf = ({ key }: Row) => key;
const write = (held: readonly Held<Row>[]) => held.map(({ row, isPast }) => `${row.key}${row.at}${isPast ? '!' : ''}`);

test('rows that are held keep their places, whatever the order is now', () => {
  const shown = holdRows([], rows('abc', 1), keyOf);
  expect(write(shown)).toEqual(['a1', 'b1', 'c1']);
  const next = holdRows(shown, rows('dcab', 2), keyOf);
  expect(write(next)).toEqual(['a2', 'b2', 'c2', 'd2']);
});

test('a row that is no more stays as it was, and may come back', () => {
  const shown = holdRows(holdRows([], rows('abc', 1), keyOf), rows('ca', 2), keyOf);
  expect(write(shown)).toEqual(['a2', 'b1!', 'c2']);
  expect(write(holdRows(shown, rows('b', 3), keyOf))).toEqual(['a2!', 'b3', 'c2!']);
});
