import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '@sluice/sdk-common';
import { isMissing } from './journal-folder.ts';

/** Whoever has it for longer goes by it no more. */
const holdMs = 5000;
/** A claim that is so old was left by a process that was killed, and the next may be had. */
const leftMs = 2 * holdMs;
const oldMs = 24 * 3_600_000;
const ending = '.claim';

/**
 * The right to begin a message, of one process at a time: a file that only one of them can create. It is needed from
 * before one looks whether others began until the beginning is on disk, where these find it.
 */
export class Claim {
  readonly #paths: string[];
  readonly #clock: Clock;
  readonly #takenAt: number;

  private constructor(paths: string[], clock: Clock) {
    this.#paths = paths;
    this.#clock = clock;
    this.#takenAt = clock.elapsed();
  }

  /** Undefined: another has it. `path`: the same for all who want it, and of nothing else. */
  static async take(path: string, clock: Clock): Promise<Claim | undefined> {
    // What others left is not removed before there is one that stands for it: two might remove, and both create it.
    for (const paths = [`${path}${ending}`]; ; paths.push(`${path}.${paths.length}${ending}`)) {
      const last = paths.at(-1) ?? '';
      if (await create(last)) return new Claim(paths, clock);
      const found = await stat(last).catch(() => undefined);
      if (found === undefined || found.mtimeMs > clock.now() - leftMs) return undefined;
    }
  }

  /** It was had for so long that another may have begun. */
  get isLost(): boolean {
    return this.#paths.length > 0 && this.#clock.elapsed() - this.#takenAt >= holdMs;
  }

  /** Only the first time; what it stood for may be another's afterwards. */
  async release(): Promise<void> {
    if (this.isLost) return;
    for (const path of this.#paths.splice(0)) await unlink(path).catch(ignoreMissing);
  }
}

/** Removes what processes left that were killed, where nobody wants to begin the message any more. */
export async function removeOldClaims(folder: string, clock: Clock): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, path] = /^([^.]*)(\.\d+)?\.claim$/.exec(name) ?? [];
    if (path === undefined) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found === undefined || found.mtimeMs > clock.now() - oldMs) continue;
    const claim = await Claim.take(join(folder, path), clock);
    await claim?.release();
  }
}

/** False: there is one. */
async function create(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx', 0o600);
    await handle.close();
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return false;
    if (code !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return create(path);
  }
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
