import stringWidth from 'string-width';
import { toPlain } from './output.ts';

const gap = '  ';
/** A column is cut to no less than this. */
const leastWidth = 8;

/**
 * Lines up columns under their headings, two spaces apart. Where that is wider than the terminal the widest columns are
 * cut; what is cut ends in `…`.
 */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const cells = [headings, ...rows].map((row) => row.map(toPlain));
  const widths = fit(
    headings.map((_, column) => Math.max(...cells.map((row) => stringWidth(row[column] ?? '')))),
    width,
  );
  return cells.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}

/** Names and values below each other, for one thing; a value may have several lines. */
export function formatFields(
  fields: readonly (readonly [name: string, value: string | readonly string[]])[],
): readonly string[] {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.flatMap(([name, value]) =>
    [value].flat().map((line, at) => `${gap}${pad(at === 0 ? name : '', width)}${gap}${line}`),
  );
}

/** What is too much for the terminal is taken from the widest columns. */
function fit(wanted: readonly number[], width: number): readonly number[] {
  const widths = [...wanted];
  let surplus = widths.reduce((sum, each) => sum + each, gap.length * (widths.length - 1)) - width;
  for (; surplus > 0; surplus--) {
    const widest = Math.max(...widths);
    if (widest <= leastWidth) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
  return widths;
}

function pad(cell: string, width: number): string {
  const shown = stringWidth(cell) > width ? cut(cell, width) : cell;
  return `${shown}${' '.repeat(Math.max(0, width - stringWidth(shown)))}`;
}

const graphemes = new Intl.Segmenter();

function cut(text: string, width: number): string {
  let shown = '';
  for (const { segment } of graphemes.segment(text)) {
    if (stringWidth(shown + segment) >= width) break;
    shown += segment;
  }
  return `${shown}…`;
}

/** Local time: `2026-11-23 03:07:41`. */
export function formatTime(at: number): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
