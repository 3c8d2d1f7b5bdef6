import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that one process appends to. */
export class JournalFile {
  readonly name: string;
  readonly #handle: FileHandle;
  sizeBytes = 0;

  private constructor(name: string, handle: FileHandle) {
    this.name = name;
    this.#handle = handle;
  }

  /** Creates the file, and its folder; both survive a power cut once this resolves. */
  static async create(folder: string, name: string): Promise<JournalFile> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const handle = await open(join(folder, name), 'ax', 0o600);
    await syncFolder(folder);
    return new JournalFile(name, handle);
  }

  /** On disk, not only on its way there, when it resolves. What rejects may have been written in part. */
  async append(text: string): Promise<void> {
    await this.#handle.appendFile(text);
    await this.#handle.datasync();
    this.sizeBytes += Buffer.byteLength(text);
  }

  /** Can only be read from now on, by which others know that nothing more comes. */
  async close(): Promise<void> {
    await this.#handle.chmod(0o400).finally(() => this.#handle.close());
  }
}

/** Else what is in a file might be there after a power cut, and its name not. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch((error: unknown) => {
    // Windows opens no folders, and needs nothing of the kind.
    if (error instanceof Error && 'code' in error && (error.code === 'EISDIR' || error.code === 'EPERM')) return;
    throw error;
  });
  await handle?.sync().finally(() => handle.close());
}
