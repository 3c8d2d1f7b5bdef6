import { flagKinds } from './definition.ts';
import { type StateWord, stateWords } from './describe-state.ts';
import { listNames, type Problem, problem } from './problem.ts';

/** What a search for flags asks for; all of it has to be so. */
export interface FlagSearch {
  /** In lower case; each stands somewhere in the key, the name, the description or a tag. */
  readonly words: readonly string[];
  /** The filters that stand in it, in their order. */
  readonly filters: readonly FlagFilter[];
}

export type FlagFilter =
  | { readonly name: 'kind'; readonly value: (typeof flagKinds)[number] }
  | { readonly name: 'tag'; readonly value: string }
  /** Empty: nobody. */
  | { readonly name: 'owner'; readonly value: string }
  | { readonly name: 'state'; readonly value: StateWord }
  | { readonly name: 'evaluated'; readonly value: Evaluated };

/** Whether SDKs reported an evaluation in the time before now; without a time: as far back as evaluations are kept. */
export interface Evaluated {
  readonly isEvaluated: boolean;
  readonly withinMs?: number;
}

export const flagFilterNames = ['kind', 'tag', 'owner', 'state', 'evaluated'] as const;

type FilterName = (typeof flagFilterNames)[number];

/** Who owns what has no owner. */
export const nobody = 'nobody';

const hourMs = 3_600_000;
const unitsMs: Readonly<Record<string, number>> = { h: hourMs, d: 24 * hourMs };
/** So long evaluations are kept. */
export const evaluationsKeptMs: number = 90 * 24 * hourMs;

/**
 * Reads what people type: words, and filters such as `kind:valve`, `tag:checkout`, `state:off`, `evaluated:never`,
 * `evaluated:24h`, `evaluated:not-7d`, `owner:nobody`, `owner:"Jonas Weber"`. What is quoted is never a filter's name.
 */
export function parseFlagSearch(text: string): FlagSearch | Problem {
  const words: string[] = [];
  const filters: FlagFilter[] = [];
  for (const [, name, quoted, plain = ''] of text.matchAll(/(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+)|(?<=:))/gi)) {
    const value = quoted ?? plain;
    if (name === undefined) {
      if (value !== '') words.push(value.toLowerCase());
      continue;
    }
    const filter = parseFlagFilter(name.toLowerCase(), value);
    if ('path' in filter) return filter;
    filters.push(filter);
  }
  return { words: joinKillSwitch(words), filters };
}

/** Reads one filter. */
export function parseFlagFilter(name: string, value: string, path = 'search'): FlagFilter | Problem {
  switch (name) {
    case 'kind':
      return parseOneOf(name, flagKinds, value, path);
    case 'state':
      return parseOneOf(name, stateWords, value, path);
    case 'evaluated':
      return parseEvaluated(value, path);
    case 'tag':
      return value === '' ? expectAfter(name, 'a tag', value, path) : { name, value };
    case 'owner':
      if (value === '') return expectAfter(name, `an owner, or \`${nobody}\``, value, path);
      return { name, value: value.toLowerCase() === nobody ? '' : value };
    default:
      return problem(
        path,
        `expected one of the filters ${listNames(flagFilterNames.map((known) => `${known}:`))}, got \`${name}:\`; put it in quotes to look for it as it is`,
      );
  }
}

function parseOneOf<Name extends FilterName, Value extends string>(
  name: Name,
  known: readonly Value[],
  value: string,
  path: string,
): { readonly name: Name; readonly value: Value } | Problem {
  const found = known.find((candidate) => candidate === value.toLowerCase());
  return found === undefined ? expectAfter(name, listNames(known), value, path) : { name, value: found };
}

function parseEvaluated(value: string, path: string): FlagFilter | Problem {
  if (value === 'never') return { name: 'evaluated', value: { isEvaluated: false } };
  const [, not, number = '', unit = ''] = /^(not-)?(\d{1,4})([hd])$/.exec(value) ?? [];
  const withinMs = Number(number) * (unitsMs[unit] ?? 0);
  if (withinMs > 0 && withinMs <= evaluationsKeptMs) {
    return { name: 'evaluated', value: { isEvaluated: not === undefined, withinMs } };
  }
  const expected = '`never`, a time such as `24h` or `7d`, at most `90d`, or one without evaluation such as `not-7d`';
  return expectAfter('evaluated', expected, value, path);
}

function expectAfter(name: FilterName, expected: string, value: string, path: string): Problem {
  return problem(path, `expected ${expected} after \`${name}:\`, got ${JSON.stringify(value)}`);
}

/** What a valve is called elsewhere: as one word it is found with every valve, whatever else has these two in it. */
export const killSwitch = 'kill switch';

function joinKillSwitch(words: readonly string[]): readonly string[] {
  return words.flatMap((word, at) => {
    if (/^kill-?switch(es)?$/.test(word)) return [killSwitch];
    if (word === 'kill' && /^switch(es)?$/.test(words[at + 1] ?? '')) return [killSwitch];
    return words[at - 1] === 'kill' && /^switch(es)?$/.test(word) ? [] : [word];
  });
}
