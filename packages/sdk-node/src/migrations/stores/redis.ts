import { SluiceError } from '../../errors.ts';
import type { ScannedStore } from '../store.ts';

/**
 * What is used of a client of `redis` (node-redis 4 or newer). For ioredis:
 * `{ eval: (script, { keys, arguments: given }) => ioredis.eval(script, keys.length, ...keys, ...given) }`.
 */
export interface RedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

export interface RedisLayout<T> {
  /** What the names of the records' keys begin with, such as `order:`. What follows is the record's key. */
  readonly prefix: string;
  /** The text that is kept of a value; JSON by default. */
  encode?(value: T): string;
  decode?(text: string): T;
}

export type RedisStore<T> = Required<ScannedStore<T>>;

/** How many keys a step of `findRecords` looks at. */
const foundAtOnce = 1_000;

/** Redis's own comparison of strings goes by the language of the server. */
const isBelow = `local function isBelow(a, b)
  for at = 1, math.min(#a, #b) do
    local x, y = a:byte(at), b:byte(at)
    if x ~= y then return x < y end
  end
  return #a < #b
end`;

/** KEYS: record, versions, order. ARGV: key, version, and the text of a value; without it, it is removed. */
const putting = `${isBelow}
local stored = redis.call('HGET', KEYS[2], ARGV[1])
if not stored and redis.call('EXISTS', KEYS[1]) == 1 then stored = '' end
if stored and not isBelow(stored, ARGV[2]) then return 0 end
if ARGV[3] then redis.call('SET', KEYS[1], ARGV[3]) else redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
return 1`;

/** KEYS: record, versions. ARGV: key. */
const reading = `return { redis.call('GET', KEYS[1]), redis.call('HGET', KEYS[2], ARGV[1]) }`;

/** KEYS: versions, order. ARGV: prefix, lower end, upper end, limit. */
const scanning = `local found = {}
for _, key in ipairs(redis.call('ZRANGEBYLEX', KEYS[2], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])) do
  found[#found + 1] = { key, redis.call('GET', ARGV[1] .. key), redis.call('HGET', KEYS[1], key) }
end
return found`;

/** KEYS: order. ARGV: cursor, pattern, how many bytes the prefix has, how many to look at. */
const finding = `local cursor, names = unpack(redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[4], 'TYPE', 'string'))
for _, name in ipairs(names) do redis.call('ZADD', KEYS[1], 'NX', 0, name:sub(ARGV[3] + 1)) end
return cursor`;

/**
 * Records of Redis as a store. Each is a string of its own, so that programs which know nothing of versions read and
 * write it as before; a removed one is gone for them. Beside them are two more keys: the versions, which say of removed
 * records too when that was, and the order of all keys. A Redis Cluster keeps
 * keys together by a hash tag: there the prefix needs one, such as `{order}:`. Records must not expire: one that did is
 * taken for a removed one.
 */
export function redisStore<T>(client: RedisClient, layout: RedisLayout<T>): RedisStore<T> {
  const {
    prefix,
    encode = (value: T) => JSON.stringify(value),
    decode = (text: string) => JSON.parse(text) as T,
  } = layout;
  if (typeof prefix !== 'string' || prefix === '') {
    throw new SluiceError('invalid-options', `prefix of records in Redis must be text, got ${JSON.stringify(prefix)}`);
  }
  const versions = `mig_versions:${prefix}`;
  const order = `mig_order:${prefix}`;
  let isAllKnown = false;

  async function put(key: string, text: readonly string[], version: string, signal: AbortSignal) {
    signal.throwIfAborted();
    const given = { keys: [prefix + key, versions, order], arguments: [key, version, ...text] };
    return (await client.eval(putting, given)) === 1 ? 'applied' : 'stale';
  }

  function toStored(text: string | null, version: string | null) {
    return { value: text === null ? undefined : decode(text), version: version ?? '' };
  }

  return {
    read: async (key, { signal }) => {
      signal.throwIfAborted();
      const found = await client.eval(reading, { keys: [prefix + key, versions], arguments: [key] });
      // The scripts say what they return.
      const [text, version] = found as [string | null, string | null];
      return text === null && version === null ? undefined : toStored(text, version);
    },
    write: (key, value, { version, signal }) => put(key, [encode(value)], version, signal),
    remove: (key, { version, signal }) => put(key, [], version, signal),
    scan: async ({ after, upTo, limit, signal }) => {
      signal.throwIfAborted();
      if (!Number.isSafeInteger(limit) || limit < 1) {
        throw new SluiceError('invalid-options', `limit of a page must be an integer from 1, got ${limit}`);
      }
      if (!isAllKnown) {
        const problem = `not all keys of Redis that begin with ${prefix} are known yet`;
        const todo = 'a backfill looks for them first: what stands in front of this store must pass findRecords on';
        throw new SluiceError('backfill', `${problem}; ${todo}`);
      }
      const ends = [after === undefined ? '-' : `(${after}`, upTo === undefined ? '+' : `[${upTo}`];
      const given = { keys: [versions, order], arguments: [prefix, ...ends, String(limit)] };
      const found = (await client.eval(scanning, given)) as [string, string | null, string | null][];
      return found.map(([key, text, version]) => ({ key, ...toStored(text, version) }));
    },
    findRecords: async ({ from = '0', signal }) => {
      signal.throwIfAborted();
      const pattern = `${prefix.replaceAll(/[\\*?[\]]/g, '\\$&')}*`;
      const given = [from, pattern, String(Buffer.byteLength(prefix)), String(foundAtOnce)];
      const next = String(await client.eval(finding, { keys: [order], arguments: given }));
      if (next !== '0') return next;
      isAllKnown = true;
      return undefined;
    },
  };
}
