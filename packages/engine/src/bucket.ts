import { addSha1Block, createSha1State, resetSha1 } from './sha1.ts';

/** Places a value in [0, 1); the same prefix and value always get the same place. */
export type Bucketer = (value: string) => number;

/** As a double, the same as 15 hexadecimal F's. */
const scale = 2 ** 60;

// One hash runs at a time, so all share one block and one state.
const block = new Int32Array(16);
const state = createSha1State();

/**
 * The bucketer for `prefix.value`: the first 60 bits of its SHA-1 as a fraction. The prefix is `flagKey.salt`, or a
 * decimal seed, and is packed here once.
 */
export function createBucketer(prefix: string): Bucketer {
  const bytes = toUtf8(`${prefix}.`);
  const wholeBlocks = bytes.length - (bytes.length % 64);
  const startState = createSha1State();
  resetSha1(startState);
  const startBlock = new Int32Array(16);
  for (let at = 0; at < bytes.length; at++) {
    const place = at % 64;
    if (place === 0) startBlock.fill(0);
    startBlock[place >> 2] = (startBlock[place >> 2] ?? 0) | (bytes.charCodeAt(at) << (24 - (place & 3) * 8));
    if (place === 63) addSha1Block(startState, startBlock);
  }
  if (bytes.length === wholeBlocks) startBlock.fill(0);
  const start: Start = { state: startState, block: startBlock, tail: bytes.length - wholeBlocks, length: bytes.length };
  return (value) => (hashAscii(start, value) ? readBucket() : readBucketOfUnicode(start, value));
}

/** A hash that has taken in the prefix. */
interface Start {
  readonly state: Int32Array;
  readonly block: Int32Array;
  /** Bytes of the prefix in `block`. */
  readonly tail: number;
  /** Bytes of the prefix in all. */
  readonly length: number;
}

function readBucketOfUnicode(start: Start, value: string): number {
  hashBytes(start, toUtf8(value));
  return readBucket();
}

function readBucket(): number {
  // 32 + 28 bits; the sum is rounded once, as parsing the 15 hexadecimal digits would.
  return (((state[0] ?? 0) >>> 0) * 0x10000000 + ((state[1] ?? 0) >>> 4)) / scale;
}

/** False when the text is not ASCII, and its code units therefore not its bytes. */
function hashAscii(start: Start, text: string): boolean {
  return hashBytes(start, text) < 0x80;
}

/** Hashes one byte per code unit into `state`; returns all code units ORed together. */
function hashBytes(start: Start, bytes: string): number {
  state.set(start.state);
  block.set(start.block);
  let seen = 0;
  let index = start.tail >> 2;
  let shift = 24 - (start.tail & 3) * 8;
  let word = block[index] ?? 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes.charCodeAt(at);
    seen |= byte;
    word |= byte << shift;
    shift -= 8;
    if (shift < 0) {
      block[index] = word;
      word = 0;
      shift = 24;
      index++;
      if (index === 16) {
        addSha1Block(state, block);
        block.fill(0);
        index = 0;
      }
    }
  }
  block[index] = word | (0x80 << shift);
  // The last 8 bytes of the last block hold the length in bits.
  if (index > 13) {
    addSha1Block(state, block);
    block.fill(0);
  }
  block[15] = (start.length + bytes.length) * 8;
  addSha1Block(state, block);
  return seen;
}

/** One code unit per byte of the text in UTF-8; lone surrogates become U+FFFD. */
function toUtf8(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
