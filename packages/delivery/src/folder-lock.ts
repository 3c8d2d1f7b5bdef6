import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process has the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/** SQLite's primary result code: https://sqlite.org/rescode.html */
const busy = 5;

/**
 * Takes a folder, made where it is missing, for this process; returns how to give it free. The lock is an open
 * transaction on a database of its own: the operating system gives it up when the process ends, however it ends.
 * Throws FolderInUseError when another process has it, and what the system says when it cannot be written.
 */
export function lockFolder(folder: string): () => void {
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(join(folder, 'lock'));
    lock.exec('pragma busy_timeout = 0; begin exclusive');
  } catch (cause) {
    lock?.close();
    if (cause instanceof Error && 'errcode' in cause && (Number(cause.errcode) & 0xff) === busy)
      throw new FolderInUseError(`another process has the folder ${folder} open`, { cause });
    throw cause;
  }
  const held = lock;
  return () => {
    if (held.isOpen) held.close();
  };
}
