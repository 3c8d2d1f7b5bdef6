/** Statements bind a limited number of values: SQLite 32,766, PostgreSQL 65,535. */
const valuesBound = 30_000;

/** Cuts rows into lists that one statement can take, each row binding so many values. */
export function* chunk<T>(rows: readonly T[], valuesPerRow = 1): Generator<readonly T[]> {
  const size = Math.floor(valuesBound / valuesPerRow);
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}
