/**
 * Lines up columns under their headings, two spaces apart. The last column is cut to the width of the terminal; what
 * is cut ends in `…`.
 */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [headings, ...rows].map((row) => formatRow(row, widths, width)).join('\n');
}

/** Names and values below each other, for one thing. */
export function formatFields(fields: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields
    .map(([name, value]) => `  ${name.padEnd(width)}  ${value.replaceAll('\n', `\n${' '.repeat(width + 4)}`)}`)
    .join('\n');
}

function formatRow(row: readonly string[], widths: readonly number[], width: number): string {
  const line = row
    .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
    .join('  ')
    .trimEnd();
  return line.length > width && width > 1 ? `${line.slice(0, width - 1)}…` : line;
}

/** Local time: `2026-11-23 03:07:41`. */
export function formatTime(at: number): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
