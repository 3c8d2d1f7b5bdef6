/** Statements bind a limited number of values: SQLite 32,766, PostgreSQL 65,535. */
const valuesBound = 30_000;

/** Cuts rows into lists that one statement can take, each row binding so many values. */
export function* chunk<T>(rows: readonly T[], valuesPerRow = 1): Generator<readonly T[]> {
  const size = Math.floor(valuesBound / valuesPerRow);
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}

/** Some rows have megabytes: so many bytes of them are read at a time. */
const bytesAtOnce = 4 * 1024 * 1024;

/** As many of the first rows as may be read at a time, one at least. */
export function takeFitting<Row extends { readonly bytes: number }>(rows: readonly Row[]): readonly Row[] {
  let sum = 0;
  const end = rows.findIndex(({ bytes }) => {
    sum += bytes;
    return sum > bytesAtOnce;
  });
  return end < 0 ? rows : rows.slice(0, Math.max(end, 1));
}
