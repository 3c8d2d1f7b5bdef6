import { readFile, stat } from 'node:fs/promises';
import { describeMalformation, isMalformation, parseObject, type ReceivedObject } from '@sluice/protocol';
import type { CreateSource, Platform } from '@sluice/sdk-common';

const lookPeriodMs = 1000;

/**
 * Flags from a JSON file `{ flags?, segments?, flagValues? }`, read again when it changed. The file is looked at every
 * second, which also sees files that are replaced by links.
 */
export function createFileSource(path: string, { clock }: Pick<Platform, 'clock'>): CreateSource {
  return (sink) => {
    const stamp = createVersionStamp();
    let closed = false;
    let cancel = (): void => undefined;
    /** The content that was read last, and what is wrong with it. */
    let seen: { readonly mark: string; readonly problem: string | undefined } = { mark: '', problem: undefined };
    let toldProblem: string | undefined;

    async function look(): Promise<void> {
      const problem = await read().catch(toMessage);
      // A problem that stays is told once.
      if (problem !== undefined && problem !== toldProblem) {
        sink.fail({ kind: 'refused', message: `${path}: ${problem}` });
      }
      toldProblem = problem;
      if (!closed) cancel = clock.after(lookPeriodMs, () => void look());
    }

    async function read(): Promise<string | undefined> {
      const { mtimeMs, size, ino } = await stat(path);
      const mark = `${mtimeMs} ${size} ${ino}`;
      if (mark !== seen.mark) seen = { mark, problem: await take(await readFile(path, 'utf8')) };
      else if (seen.problem === undefined) sink.confirm();
      return seen.problem;
    }

    async function take(text: string): Promise<string | undefined> {
      try {
        const objects = stamp(parseFlagFile(text));
        await sink.commit({ kind: 'full', objects, state: undefined, byVersion: false });
        return undefined;
      } catch (error) {
        return toMessage(error);
      }
    }

    return {
      start: () => void look(),
      close: () => {
        closed = true;
        cancel();
      },
    };
  };
}

/**
 * Lets the version of an object rise when its content is another, even if whoever edited the file did not think of it:
 * by the version, listeners are told what changed.
 */
function createVersionStamp(): (objects: readonly ReceivedObject[]) => readonly ReceivedObject[] {
  let before = new Map<string, { readonly content: string; readonly version: number }>();
  return (objects) => {
    const after: typeof before = new Map();
    const stamped = objects.map((object): ReceivedObject => {
      const { key, version: given } = object.kind === 'flag' ? object.flag : object.segment;
      const content = JSON.stringify(object);
      const known = before.get(`${object.kind}/${key}`);
      const least = known === undefined || known.content === content ? known?.version : known.version + 1;
      const version = Math.max(given, least ?? given);
      after.set(`${object.kind}/${key}`, { content, version });
      return object.kind === 'flag'
        ? { kind: 'flag', flag: { ...object.flag, version } }
        : { kind: 'segment', segment: { ...object.segment, version } };
    });
    before = after;
    return stamped;
  };
}

function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Throws an error that says where the file is wrong. */
export function parseFlagFile(text: string): readonly ReceivedObject[] {
  const file: unknown = JSON.parse(text);
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new Error('expected an object with flags and segments');
  const { flags, segments, flagValues } = file as Record<string, unknown>;
  return [
    ...listEntries(flagValues, 'flagValues').map(([key, value]) =>
      parse('flag', key, { key, version: 1, on: true, variations: [value], fallthrough: { variation: 0 } }),
    ),
    ...listEntries(flags, 'flags').map(([key, value]) => parse('flag', key, value)),
    ...listEntries(segments, 'segments').map(([key, value]) => parse('segment', key, value)),
  ];
}

function listEntries(collection: unknown, name: string): readonly [string, unknown][] {
  if (collection === undefined) return [];
  if (typeof collection !== 'object' || collection === null || Array.isArray(collection)) {
    throw new Error(`${name} must be an object by key`);
  }
  return Object.entries(collection);
}

/** In a file written by hand, key and version may be left out. */
function parse(kind: ReceivedObject['kind'], key: string, value: unknown): ReceivedObject {
  const fields = typeof value === 'object' && value !== null ? { version: 1, ...value, key } : value;
  const object = parseObject(kind, fields, `${kind} ${key}`);
  if (isMalformation(object)) throw new Error(describeMalformation(object));
  return object;
}
