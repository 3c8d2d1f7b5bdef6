/** What Node says when a connection cannot be made or breaks. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * SQLSTATEs of PostgreSQL (appendix A of its manual), by their beginnings: connection lost (08), login refused (28),
 * no such database (3D), out of disk, memory or connections (53), stopped or starting (57), input and output (58), a
 * standby that takes no writes (25006); and what passes when others have finished: locked too long (55P03), deadlock and
 * serialization (40).
 */
const passingStates = ['08', '25006', '28', '3D', '40', '53', '55P03', '57', '58'];

/** What the drivers say without a code. */
const driverMessages =
  /database is not open|driver has already been destroyed|Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|not queryable|after calling end on the pool|connection has been discarded/;

const away = 'the database cannot answer now; try again';
const full = 'the disk of the database is full; make room there, then try again';
const readOnly = 'the database takes no writes; make it writable, then try again';
const held = 'another program holds the database; try again when it has finished';
const broken = "the database's file cannot be read or written; look at its disk, and at this server's log";
const damaged = 'the database is damaged; stop the server, and put a backup in place with `sluice backup restore FILE`';

/** By the primary result codes of SQLite (sqlite.org/rescode.html). */
const sqliteTroubles: ReadonlyMap<number, string> = new Map([
  [5, held],
  [6, held],
  [8, readOnly],
  [10, broken],
  [11, damaged],
  [13, full],
  [14, broken],
  [26, damaged],
]);

/**
 * Why the database cannot be used now, and what to do, in words; undefined: the error is about something else, such as
 * a violated constraint or a wrong statement.
 */
export function findDatabaseTrouble(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (driverMessages.test(error.message)) return away;
  const { code, errcode, syscall } = error as Error & Readonly<Record<'code' | 'errcode' | 'syscall', unknown>>;
  if (typeof errcode === 'number') return sqliteTroubles.get(errcode & 0xff);
  if (typeof code !== 'string') return undefined;
  // The file of a Unix socket is not there while the server is not.
  if (networkCodes.has(code) || (code === 'ENOENT' && syscall === 'connect')) return away;
  if (!isSqlState(code) || !passingStates.some((state) => code.startsWith(state))) return undefined;
  return code === '53100' ? full : away;
}

/** Whether an error means that the database cannot be used now, and may be later: it is away, full or locked. */
export function isDatabaseGone(error: unknown): boolean {
  return findDatabaseTrouble(error) !== undefined;
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code);
}
