import { mkdir, readdir, rename, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Platform } from '@sluice/sdk-common';
import { isMissing } from './journal-folder.ts';

/** Whoever has it for longer goes by it no more. */
const holdMs = 5000;
/** A claim that is so old was left by a process that was killed, and the next may be had. */
const leftMs = 2 * holdMs;
const oldMs = 24 * 3_600_000;
/** Whoever finds that another has it looks again after so long. */
const againMs = 20;
const ending = '.claim';

/** How long somebody waits for a claim. */
export interface Patience {
  /** By the clock that never goes backwards. */
  readonly untilElapsed: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * The right to begin a message, of one process at a time: a folder with its owner's name in it, which is put in place
 * as a whole, and only where there is none with a name in it. No name is used twice, so that whoever takes one away, be
 * it the owner or somebody who thinks that the owner is gone, takes it from nobody else, however late. It is needed
 * from before one looks whether others began until the beginning is on disk, where these find it.
 */
export class Claim {
  readonly #path: string;
  readonly #place: string;
  readonly #platform: Pick<Platform, 'clock' | 'createUuid'>;
  /** Of this process; undefined: it does not have it. */
  #owner: string | undefined;
  #takenAt = 0;
  /** Another, and when it has had it for too long. */
  #other: { readonly owner: string; readonly leftAt: number } | undefined;

  /** `path`: the same for all who want it, and of nothing else. */
  constructor(path: string, platform: Pick<Platform, 'clock' | 'createUuid'>) {
    this.#path = path;
    this.#place = `${path}${ending}`;
    this.#platform = platform;
  }

  /** False: another has it. */
  async take(): Promise<boolean> {
    while (await this.#isFree()) {
      if (await this.#put()) return true;
      if (!this.#isLeft) return false;
    }
    return false;
  }

  /** Takes it when nobody else has it any more; false: that was not while there was patience. */
  async wait({ untilElapsed, signal }: Patience): Promise<boolean> {
    const { clock } = this.#platform;
    while (!(await this.take())) {
      const leftMs = untilElapsed - clock.elapsed();
      if (signal?.aborted === true || leftMs <= 0) return false;
      await new Promise<void>((resolve) => clock.after(Math.min(againMs, leftMs), resolve, true));
    }
    return true;
  }

  /** It was had for so long that another may have begun. */
  get isLost(): boolean {
    return this.#owner !== undefined && this.#platform.clock.elapsed() - this.#takenAt >= holdMs;
  }

  /** Nothing, where it is not had. */
  async release(): Promise<void> {
    const owner = this.#owner;
    this.#owner = undefined;
    if (owner !== undefined) await leave(this.#place, owner);
  }

  get #isLeft(): boolean {
    return this.#other !== undefined && this.#platform.clock.elapsed() >= this.#other.leftAt;
  }

  /** Whether whoever was seen to have it has it no more, or has left it. */
  async #isFree(): Promise<boolean> {
    if (this.#other === undefined) return true;
    if (this.#isLeft) await leave(this.#place, this.#other.owner);
    else if ((await findWrittenAt(join(this.#place, this.#other.owner))) !== undefined) return false;
    this.#other = undefined;
    return true;
  }

  async #put(): Promise<boolean> {
    const { clock, createUuid } = this.#platform;
    const owner = createUuid();
    const own = `${this.#path}.${owner}`;
    const takenAt = clock.elapsed();
    await create(own, owner);
    if (await moveTo(this.#place, own)) {
      this.#owner = owner;
      this.#takenAt = takenAt;
      return true;
    }
    await this.#look(own);
    await leave(own, owner);
    return false;
  }

  /** `own`: how old it is, is told by what was written just now, since the clock may be another, or have been moved. */
  async #look(own: string): Promise<void> {
    const [owner] = await list(this.#place);
    if (owner === undefined) return;
    const [since, now] = await Promise.all([findWrittenAt(join(this.#place, owner)), findWrittenAt(own)]);
    if (since === undefined || now === undefined) return;
    const ageMs = Math.max(0, now - since);
    this.#other = { owner, leftAt: this.#platform.clock.elapsed() + leftMs - Math.min(ageMs, leftMs) };
  }
}

/** Removes what processes left that were killed, where nobody wants to begin the message any more. */
export async function removeOldClaims(folder: string, clock: Platform['clock']): Promise<void> {
  const isOld = async (path: string) => ((await findWrittenAt(path)) ?? clock.now()) <= clock.now() - oldMs;
  for (const place of (await list(folder)).map((name) => join(folder, name))) {
    for (const owner of await list(place)) if (await isOld(join(place, owner))) await leave(place, owner);
    // Of somebody who was about to put a name into it, or to remove it.
    if (await isOld(place)) await remove(place);
  }
}

async function create(own: string, owner: string): Promise<void> {
  try {
    await mkdir(own, { mode: 0o700 });
  } catch (error) {
    if (!isMissing(error)) throw error;
    await mkdir(dirname(own), { recursive: true, mode: 0o700 });
    await mkdir(own, { mode: 0o700 });
  }
  await mkdir(join(own, owner), { mode: 0o700 });
}

/** False: there is one with a name in it. */
async function moveTo(place: string, own: string): Promise<boolean> {
  try {
    await rename(own, place);
    return true;
  } catch (error) {
    // Windows puts nothing in the place of an empty one either, which is removed by whoever left it.
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST', 'EPERM')) return false;
    throw error;
  }
}

async function leave(place: string, owner: string): Promise<void> {
  await remove(join(place, owner));
  await remove(place);
}

/** It may be gone, or have another's name in it by now. */
async function remove(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
  });
}

async function list(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  });
}

/** Undefined: there is none. */
async function findWrittenAt(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs;
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
