/** Of a hash, so many characters tell damage from what was written. */
const checkLength = 12;

export type Hash = (text: string) => string;

/** One line: the beginning of a hash of what follows, a space, JSON, a line break. */
export function encodeLine(record: unknown, hash: Hash): string {
  const json = JSON.stringify(record);
  return `${hash(json).slice(0, checkLength)} ${json}\n`;
}

/** What a file holds, and what of it cannot be read. */
export interface JournalText<T> {
  readonly records: readonly T[];
  /** Numbers of lines that are damaged, and have good ones behind them; the first is 1. */
  readonly damagedLines: readonly number[];
  /** Whether the end is cut off, as when a process or machine ends while it writes. */
  readonly isCut: boolean;
}

/** `read`: undefined for what is no record. */
export function parseLines<T>(text: string, hash: Hash, read: (value: unknown) => T | undefined): JournalText<T> {
  const records: T[] = [];
  const bad: number[] = [];
  let lastGood = 0;
  const lines = text.split('\n');
  // What stands behind the last line break is no whole line.
  const rest = lines.pop();
  for (const [index, line] of lines.entries()) {
    const record = parseLine(line, hash, read);
    if (record === undefined) bad.push(index + 1);
    else {
      records.push(record);
      lastGood = index + 1;
    }
  }
  const damagedLines = bad.filter((line) => line < lastGood);
  return { records, damagedLines, isCut: rest !== '' || damagedLines.length < bad.length };
}

function parseLine<T>(line: string, hash: Hash, read: (value: unknown) => T | undefined): T | undefined {
  const json = line.slice(checkLength + 1);
  return line === `${hash(json).slice(0, checkLength)} ${json}` ? read(JSON.parse(json)) : undefined;
}
