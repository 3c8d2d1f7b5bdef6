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

/**
 * Whether an error means that the database cannot be used now, and may be later: it is away, full or locked. Violated
 * constraints and wrong statements are not among them.
 */
export function isDatabaseGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (driverMessages.test(error.message)) return true;
  const { code, errcode, syscall } = error as Error & Readonly<Record<'code' | 'errcode' | 'syscall', unknown>>;
  if (typeof errcode === 'number') return isSqliteGone(errcode);
  if (typeof code !== 'string') return false;
  // The file of a Unix socket is not there while the server is not.
  if (networkCodes.has(code) || (code === 'ENOENT' && syscall === 'connect')) return true;
  return isSqlState(code) && passingStates.some((state) => code.startsWith(state));
}

/** I/O, locked, full, closed. */
function isSqliteGone(errcode: number): boolean {
  return [5, 6, 8, 10, 11, 13, 14, 26].includes(errcode & 0xff);
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code);
}
