import type { Flag, Ruleset, Segment } from '@sluice/engine';
import {
  describeMalformation,
  isMalformation,
  parseObject,
  type ReceivedObject,
  type Transfer,
} from '@sluice/protocol';
import type { Platform, Storage } from '../platform.ts';
import { createTurns } from './turns.ts';

/**
 * The last good payload outside memory, in two generations: the one before stays until the new one is complete. A
 * file is lines of text, one per object, and ends with the SHA-256 of all before.
 */
export interface PayloadCache {
  /** The newest generation that is whole; undefined when there is none. Damage found on the way is told to `onDamage`. */
  load(onDamage: (message: string) => void): Promise<Transfer | undefined>;
  /** Writes the ruleset as it is now, whatever happens to it while this writes. */
  save(ruleset: Ruleset<unknown>, state: string | undefined): Promise<void>;
}

type CachePlatform = Pick<Platform, 'clock' | 'hash' | 'decodeUtf8'>;

const current = 'payload';
const previous = 'payload-previous';
const format = 'sluice-payload 1';
const chunkCharacters = 128 * 1024;
const hashedAtOnceBytes = 1024 * 1024;
const newline = 0x0a;

export function createPayloadCache(storage: Storage, platform: CachePlatform): PayloadCache {
  return {
    load: async (onDamage) => {
      for (const name of [current, previous]) {
        try {
          const bytes = await storage.read(name);
          if (bytes !== undefined) return await decode(bytes, platform);
        } catch (error) {
          onDamage(`the stored ${name} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      return undefined;
    },
    save: async (ruleset, state) => {
      // Flags and segments never change in place, so this list is a snapshot.
      const objects = [...ruleset.flags(), ...[...ruleset.segments()].map((segment) => ({ segment }))];
      await storage.replace(current, previous, encode(objects, state, platform));
    },
  };
}

async function* encode(
  objects: readonly (Flag | { readonly segment: Segment })[],
  state: string | undefined,
  { clock, hash }: CachePlatform,
): AsyncGenerator<string> {
  const sha256 = hash.createSha256();
  const turns = createTurns(clock);
  let chunk = `${format}\n${JSON.stringify({ state: state ?? null, savedAt: clock.now() })}\n`;
  for (const object of objects) {
    chunk += 'segment' in object ? `segment ${JSON.stringify(object.segment)}\n` : `flag ${JSON.stringify(object)}\n`;
    if (chunk.length >= chunkCharacters) {
      sha256.update(chunk);
      yield chunk;
      chunk = '';
    }
    await turns.giveWay();
  }
  sha256.update(chunk);
  yield `${chunk}end ${sha256.hex()}\n`;
}

/** Throws when the content is not whole. */
async function decode(bytes: Uint8Array, platform: CachePlatform): Promise<Transfer> {
  const { clock, hash, decodeUtf8 } = platform;
  const sha256 = hash.createSha256();
  const turns = createTurns(clock);
  const contentLength = bytes.length - 'end \n'.length - sha256HexLength;
  for (let at = 0; at < contentLength; at += hashedAtOnceBytes) {
    sha256.update(bytes.subarray(at, Math.min(at + hashedAtOnceBytes, contentLength)));
    await turns.giveWay();
  }
  if (contentLength <= 0 || decodeUtf8(bytes.subarray(contentLength)) !== `end ${sha256.hex()}\n`) {
    throw new Error('its checksum is wrong');
  }
  const objects: ReceivedObject[] = [];
  let state: string | undefined;
  for (let start = 0, line = 0; start < contentLength; line++) {
    const end = bytes.indexOf(newline, start);
    const text = decodeUtf8(bytes.subarray(start, end));
    start = end + 1;
    if (line === 0 && text !== format) throw new Error(`expected the format "${format}", got "${text.slice(0, 40)}"`);
    // This and the objects were written by `encode`, as the checksum proves.
    else if (line === 1) state = (JSON.parse(text) as { state: string | null }).state ?? undefined;
    else if (line > 1) objects.push(parseLine(text));
    await turns.giveWay();
  }
  return { kind: 'full', objects, state, byVersion: false };
}

const sha256HexLength = 64;

function parseLine(line: string): ReceivedObject {
  const space = line.indexOf(' ');
  const kind = line.slice(0, space);
  if (kind !== 'flag' && kind !== 'segment') throw new Error(`expected a flag or segment, got "${kind.slice(0, 40)}"`);
  const object = parseObject(kind, JSON.parse(line.slice(space + 1)), kind);
  if (isMalformation(object)) throw new Error(describeMalformation(object));
  return object;
}
