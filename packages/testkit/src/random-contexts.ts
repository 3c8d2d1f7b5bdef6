import type { Context } from '@sluice/engine';
import type { Random } from './random.ts';

/** An attribute that contexts of a kind may have. */
interface RandomAttribute {
  readonly name: string;
  readonly draw: (random: Random) => unknown;
}

/** Where a clause may look: what an attribute usually holds says which operators have something to find there. */
export interface AttributePlace {
  readonly contextKind: string;
  /** `/address/city` */
  readonly attribute: string;
  readonly holds: 'text' | 'number' | 'date' | 'version' | 'other';
}

const hour = 3_600_000;

function drawText(random: Random): string {
  const letters = 'abcdefghijklmnopqrstuvwxyzABC0123456789 _-.:%é字😀';
  return Array.from({ length: 1 + random.integer(8) }, () => random.pick([...letters])).join('');
}

/** Milliseconds, or a date in one of its forms; now and then what looks like one. */
function drawDate(random: Random): unknown {
  const at = Date.UTC(2015, 0, 1) + random.integer(10 * 365 * 24) * hour + random.integer(hour);
  const text = new Date(at).toISOString();
  return random.pick([
    () => at,
    () => at + 0.5,
    () => text,
    () => text.replace(/\.\d+Z$/, 'Z'),
    () => text.replace('Z', random.pick(['+01:00', '-05:30', '+00:00'])),
    () => text.slice(0, 10),
    () => 'long ago',
  ])();
}

function drawVersion(random: Random): unknown {
  const [major, minor, patch] = [random.integer(4), random.integer(12), random.integer(12)];
  const full = `${major}.${minor}.${patch}`;
  return random.pick([
    () => full,
    () => `${full}-${random.pick(['alpha', 'beta.2', 'beta.11', 'rc.1', '7', 'x-y'])}`,
    () => `${full}+build.${patch}`,
    () => `${major}.${minor}`,
    () => `${major}`,
    () => `v${full}`,
    () => `${major}.0${minor}.1`,
    () => major,
  ])();
}

function drawNumber(random: Random): unknown {
  return random.pick([
    () => random.integer(100),
    () => random.integer(100),
    () => random.integer(2 ** 31) - 2 ** 30,
    () => random.next() * 100,
    () => -random.next(),
    () => 2 ** 53 - random.integer(1000),
    () => String(random.integer(100)),
  ])();
}

const attributes: Readonly<Record<string, readonly RandomAttribute[]>> = {
  user: [
    { name: 'name', draw: drawText },
    { name: 'country', draw: (random) => random.pick(['nl', 'be', 'de', 'fr', 'us', 'NL']) },
    {
      name: 'email',
      draw: (random) => `${drawText(random)}@${random.pick(['example.com', 'test.org', 'sub.example.com'])}`,
    },
    { name: 'age', draw: drawNumber },
    { name: 'beta', draw: (random) => random.pick([true, false, 'true', 1]) },
    { name: 'since', draw: drawDate },
    { name: 'version', draw: drawVersion },
    {
      name: 'address',
      draw: (random) =>
        random.pick<unknown>([
          { city: random.pick(['Delft', 'Gent', 'Köln']), zip: random.integer(9999) },
          { city: drawText(random), zip: `${random.integer(999)} AB` },
          { street: 'x' },
          'Delft',
          null,
        ]),
    },
    {
      name: 'groups',
      draw: (random) => random.sample<unknown>(['admins', 'staff', 'testers', 7, true, { a: 1 }], random.integer(4)),
    },
    { name: 'anonymous', draw: (random) => random.chance(0.5) },
  ],
  organization: [
    { name: 'plan', draw: (random) => random.pick(['pro', 'free', 'trial', 7]) },
    { name: 'seats', draw: drawNumber },
    { name: 'since', draw: drawDate },
    { name: 'region/zone', draw: (random) => `${random.pick(['eu', 'us'])}-${random.integer(9)}` },
  ],
  device: [
    { name: 'os', draw: drawVersion },
    { name: 'memory', draw: drawNumber },
    { name: 'tags', draw: (random) => Array.from({ length: random.integer(4) }, () => drawVersion(random)) },
  ],
};

export const contextKinds: readonly string[] = Object.keys(attributes);

export const attributePlaces: readonly AttributePlace[] = [
  { contextKind: 'user', attribute: 'key', holds: 'text' },
  { contextKind: 'user', attribute: 'name', holds: 'text' },
  { contextKind: 'user', attribute: 'country', holds: 'text' },
  { contextKind: 'user', attribute: 'email', holds: 'text' },
  { contextKind: 'user', attribute: 'age', holds: 'number' },
  { contextKind: 'user', attribute: 'beta', holds: 'other' },
  { contextKind: 'user', attribute: 'since', holds: 'date' },
  { contextKind: 'user', attribute: 'version', holds: 'version' },
  { contextKind: 'user', attribute: '/address/city', holds: 'text' },
  { contextKind: 'user', attribute: '/address/zip', holds: 'number' },
  { contextKind: 'user', attribute: 'groups', holds: 'other' },
  { contextKind: 'user', attribute: 'anonymous', holds: 'other' },
  { contextKind: 'user', attribute: 'kind', holds: 'other' },
  { contextKind: 'organization', attribute: 'key', holds: 'text' },
  { contextKind: 'organization', attribute: 'plan', holds: 'text' },
  { contextKind: 'organization', attribute: 'seats', holds: 'number' },
  { contextKind: 'organization', attribute: 'since', holds: 'date' },
  { contextKind: 'organization', attribute: '/region~1zone', holds: 'text' },
  { contextKind: 'device', attribute: 'os', holds: 'version' },
  { contextKind: 'device', attribute: 'memory', holds: 'number' },
  { contextKind: 'device', attribute: 'tags', holds: 'version' },
];

/** So many contexts, no two with the same key: one kind or several, with attributes of every type, some missing. */
export function createRandomContexts(random: Random, count: number): readonly Context[] {
  return Array.from({ length: count }, (_, index) => {
    const describe = (kind: string): object => ({
      key: `${drawText(random)}${index.toString(36)}`,
      ...Object.fromEntries(
        (attributes[kind] ?? []).flatMap(({ name, draw }) => (random.chance(0.8) ? [[name, draw(random)]] : [])),
      ),
    });
    const kinds = random.chance(0.6)
      ? [random.pick(['user', 'user', ...contextKinds])]
      : contextKinds.filter(() => random.chance(0.6));
    const [only = 'user'] = kinds;
    if (kinds.length < 2) return { kind: only, ...describe(only) } as Context;
    return { kind: 'multi', ...Object.fromEntries(kinds.map((kind) => [kind, describe(kind)])) };
  });
}
