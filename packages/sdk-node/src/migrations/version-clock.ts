import type { Clock, Hashes, Log } from '@sluice/sdk-common';

/** Ordered as their characters are, by bytes and by the rules of any language; nothing depends on case. */
const digits = '0123456789abcdefghjkmnpqrstvwxyz';
/** Characters of a version: 50 bits of time, 20 of a counter that uses 16, 40 that tell processes apart. */
const lengths = { ms: 10, counter: 4, tail: 8 };
const mostCounted = 2 ** 16;
/** What claims to be from later than that does not move the clock. */
const furthestMs = 3_600_000;

export interface VersionClockOptions {
  /** Unlike that of any other process. */
  readonly id: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly hash: Hashes;
  readonly log: Log;
}

/**
 * Gives versions of records: a hybrid logical clock, whose versions of 22 characters compare as strings. Each is higher
 * than all that this process gave or has seen before, even where the time of day goes backwards; no two processes give
 * the same. Kulkarni et al., "Logical Physical Clocks", 2014.
 */
export class VersionClock {
  readonly #options: VersionClockOptions;
  readonly #tail: string;
  #ms = 0;
  #counter = 0;
  #hasWarned = false;

  constructor(options: VersionClockOptions) {
    this.#options = options;
    const sha256 = options.hash.createSha256();
    sha256.update(options.id);
    this.#tail = encode(Number.parseInt(sha256.hex().slice(0, 10), 16), lengths.tail);
  }

  next(): string {
    const now = Math.floor(this.#options.clock.now());
    if (now > this.#ms) this.#set(now, 0);
    else if (this.#counter + 1 < mostCounted) this.#counter++;
    else this.#set(this.#ms + 1, 0);
    return encode(this.#ms, lengths.ms) + encode(this.#counter, lengths.counter) + this.#tail;
  }

  /**
   * What comes next is higher than this version; not where it is more than an hour ahead, as somebody's clock is wrong
   * then and ours is not to follow. What no such clock gave is left alone.
   */
  see(version: string): void {
    const seen = parse(version);
    if (seen === undefined || seen.ms < this.#ms || (seen.ms === this.#ms && seen.counter <= this.#counter)) return;
    const aheadMs = seen.ms - this.#options.clock.now();
    if (aheadMs <= furthestMs) this.#set(seen.ms, seen.counter);
    else if (!this.#hasWarned) {
      this.#hasWarned = true;
      const hours = (aheadMs / 3_600_000).toFixed(1);
      this.#options.log.error(`versions: ${version} is ${hours} h ahead of this process: somebody's clock is wrong`);
    }
  }

  #set(ms: number, counter: number): void {
    this.#ms = ms;
    this.#counter = counter;
  }
}

/** When a version was given, in milliseconds since the epoch by the clock of who gave it; undefined: it is none. */
export function timeOfVersion(version: string): number | undefined {
  return parse(version)?.ms;
}

function parse(version: string): { readonly ms: number; readonly counter: number } | undefined {
  if (version.length !== lengths.ms + lengths.counter + lengths.tail) return undefined;
  const ms = decode(version.slice(0, lengths.ms));
  const counter = decode(version.slice(lengths.ms, lengths.ms + lengths.counter));
  return ms === undefined || counter === undefined || counter >= mostCounted ? undefined : { ms, counter };
}

function encode(value: number, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) text = digits[rest % 32] + text;
  return text;
}

function decode(text: string): number | undefined {
  let value = 0;
  for (const character of text) {
    const digit = digits.indexOf(character);
    if (digit < 0) return undefined;
    value = value * 32 + digit;
  }
  return value;
}
