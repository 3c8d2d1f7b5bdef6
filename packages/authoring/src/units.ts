import { type Problem, problem } from './problem.ts';

/** What a number of a config counts. A config's values are plain numbers of its unit; people may write others. */
export const units = ['ms', 's', 'min', 'h', 'B', 'KiB', 'MiB', 'GiB', '/s', '/min', '/h', '%'] as const;

export type Unit = (typeof units)[number];

/** How much of the first of its family each unit is: what can be converted into each other. */
const families: readonly Readonly<Partial<Record<Unit, number>>>[] = [
  { ms: 1, s: 1000, min: 60_000, h: 3_600_000 },
  { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 },
  // Per hour.
  { '/h': 1, '/min': 60, '/s': 3600 },
  { '%': 1 },
];

/** Reads `240`, `4min`, `4m` or `1.5 GiB` as a number of the given unit. */
export function parseQuantity(text: string, unit: Unit | undefined, path: string): number | Problem {
  const [, digits = '', given = ''] = /^(-?\d+(?:\.\d+)?)\s*(\S*)$/.exec(text.trim()) ?? [];
  const family = families.find((candidate) => unit !== undefined && candidate[unit] !== undefined) ?? {};
  const from = given === '' ? unit : units.find((name) => name === (given === 'm' ? 'min' : given));
  const [size, own] = [from && family[from], unit && family[unit]];
  if (digits !== '' && given === '') return Number(digits);
  if (digits === '' || size === undefined || own === undefined) {
    const known = Object.keys(family).join(', ');
    const expected = known === '' ? 'a number' : `a number, with or without one of the units ${known}`;
    return problem(path, `expected ${expected}, got ${JSON.stringify(text)}`);
  }
  // Rounded where floating point would show: 0.1 s are 100 ms.
  return Number(((Number(digits) * size) / own).toPrecision(15));
}

/** `240 s`, `100/s`, `"info"`. */
export function describeValue(json: string, unit: Unit | undefined): string {
  if (unit === undefined) return json;
  return unit.startsWith('/') || unit === '%' ? `${json}${unit}` : `${json} ${unit}`;
}
