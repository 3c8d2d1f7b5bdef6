import { SluiceError } from '../errors.ts';

/**
 * Where something is in a value: names of properties with dots between them, `*` for any name and any place in a list:
 * `customer.email`, `items.*.price`; `''` is the whole value.
 */
export type Path = string;

/** Brings what is at a path into the form that is compared. */
export interface Normaliser {
  readonly path: Path;
  readonly apply: (value: unknown) => unknown;
}

/** A difference that is known and does not count, until somebody has to look again. */
export interface IgnoreRule {
  /** What is below it is ignored too. */
  readonly path: Path;
  readonly reason: string;
  readonly owner: string;
  /** A date: `2026-12-31`. From then on differences count again. */
  readonly expiresAt: string;
}

export interface CompareOptions {
  /** Applied one after the other, to both values. */
  readonly normalise?: readonly Normaliser[];
  readonly ignore?: readonly IgnoreRule[];
  /** So far numbers may be apart, at a path and below it. */
  readonly tolerance?: readonly { readonly path: Path; readonly within: number }[];
  /**
   * Lists whose order says nothing; nor does what is ignored of their items, nor how far numbers with a tolerance are
   * apart. Items that are alike but for two such numbers or more may be taken for each other, and differ then.
   */
  readonly unordered?: readonly Path[];
  /** Values at these paths, or below, are never shown; `true`: no values at all are. */
  readonly redact?: readonly Path[] | true;
}

export interface Difference {
  /** With `*` for places in lists, so that one mistake has one path. */
  readonly path: Path;
  /** As JSON, cut at 200 characters; undefined: there is nothing. */
  readonly old: string | undefined;
  readonly new: string | undefined;
}

export interface Comparison {
  /** What counts; empty: the values are equal. Of many differences the first 50. */
  readonly differences: readonly Difference[];
  /** How many differences were ignored. */
  readonly ignored: number;
  /** Rules that would have ignored a difference, had they not expired. */
  readonly expired: readonly IgnoreRule[];
}

/** `now`: in milliseconds since the epoch, for rules that expire. */
export type Compare = (old: unknown, next: unknown, now: number) => Comparison;

const mostDifferences = 50;
const longestShown = 200;
const redacted = '(redacted)';

/** Dates, and texts that are one, compare by the moment they mean. */
export function dates(path: Path): Normaliser {
  return {
    path,
    apply: (value) => {
      const ms = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : Number.NaN;
      return Number.isNaN(ms) ? value : new Date(ms).toISOString();
    },
  };
}

/** Lists compare by what is in them, all of it: where a part of that is ignored or has a tolerance, say `unordered`. */
export function sorted(path: Path): Normaliser {
  return { path, apply: (value) => (Array.isArray(value) ? sortItems(value, [], noRules) : value) };
}

/**
 * A text that is the same for values in which nothing differs that counts, tolerance aside. `now`: as in comparisons.
 */
export function createTextOf(options: CompareOptions = {}): (value: unknown, now: number) => string {
  const arrange = createArrange(options);
  const rules = listIgnored(options);
  return (value, now) => {
    const ignored = inForce(rules, now);
    return textOf(arrange(value, now), [], (at) => isCovered(ignored, at)) ?? '';
  };
}

/** Brings values into the form that is compared: normalised, and lists without an order in one that both sides have. */
function createArrange({ normalise = [], ...options }: CompareOptions): (value: unknown, now: number) => unknown {
  const normalisers = normalise.map(({ path, apply }) => ({ path: split(path), apply }));
  const unordered = (options.unordered ?? []).map(split);
  const tolerated = (options.tolerance ?? []).map(({ path }) => split(path));
  const rules = listIgnored(options);
  return (value, now) => {
    const normalised = normalisers.reduce((current, { path, apply }) => replace(current, path, apply), value);
    if (unordered.length === 0) return normalised;
    return sortLists(normalised, [], { unordered, tolerated, ignored: inForce(rules, now) });
  };
}

function listIgnored({ ignore = [] }: CompareOptions) {
  return ignore.map((rule) => ({ rule, path: split(rule.path), expiresAt: Date.parse(rule.expiresAt) }));
}

function inForce(rules: ReturnType<typeof listIgnored>, now: number): readonly Steps[] {
  return rules.filter(({ expiresAt }) => now < expiresAt).map(({ path }) => path);
}

/** Throws a SluiceError when the options cannot be right; what it returns throws when a normaliser does. */
export function createCompare(options: CompareOptions = {}): Compare {
  const { tolerance = [], redact = [] } = options;
  checkOptions(options);
  const arrange = createArrange(options);
  const rules = listIgnored(options);
  const tolerances = tolerance.map(({ path, within }) => ({ path: split(path), within }));
  const secrets = redact === true ? [[]] : redact.map(split);

  return (old, next, now) => {
    const differences: Difference[] = [];
    const expired = new Set<IgnoreRule>();
    let ignored = 0;
    const differ = (at: Place, one: unknown, other: unknown): void => {
      const matching = rules.filter(({ path }) => covers(path, at));
      if (matching.some(({ expiresAt }) => now < expiresAt)) {
        ignored++;
        return;
      }
      for (const { rule } of matching) expired.add(rule);
      if (differences.length >= mostDifferences) return;
      // Where only a part of it is secret, so is the whole: it may be shown in a value above.
      const isSecret = secrets.some((path) => meets(path, at));
      const show = (value: unknown) => (value === undefined ? undefined : isSecret ? redacted : toText(value));
      const path = at.map((step) => (typeof step === 'number' ? '*' : step)).join('.');
      differences.push({ path, old: show(one), new: show(other) });
    };
    const isWithin = (at: Place, one: number, other: number): boolean =>
      tolerances.some(({ path, within }) => covers(path, at) && Math.abs(one - other) <= within);
    walk([], arrange(old, now), arrange(next, now), { differ, isWithin });
    return { differences, ignored, expired: [...expired] };
  };
}

/** Names of properties and places in lists, from the outermost. */
type Place = readonly (string | number)[];

interface Walk {
  readonly differ: (at: Place, one: unknown, other: unknown) => void;
  readonly isWithin: (at: Place, one: number, other: number) => boolean;
}

function walk(at: Place, one: unknown, other: unknown, how: Walk): void {
  if (Object.is(one, other)) return;
  if (Array.isArray(one) && Array.isArray(other)) {
    for (let index = 0; index < Math.max(one.length, other.length); index++)
      walk([...at, index], one[index], other[index], how);
    return;
  }
  if (isPlain(one) && isPlain(other)) {
    // What is undefined is not there.
    for (const name of new Set([...Object.keys(one), ...Object.keys(other)]))
      walk([...at, name], one[name], other[name], how);
    return;
  }
  const isSame =
    typeof one === 'number' && typeof other === 'number'
      ? one === other || how.isWithin(at, one, other)
      : typeof one === 'object' && typeof other === 'object' && one !== null && other !== null && isAlike(one, other);
  if (!isSame) how.differ(at, one, other);
}

/** Of what is neither list nor plain object. */
function isAlike(one: object, other: object): boolean {
  if (one instanceof Date && other instanceof Date) return Object.is(one.getTime(), other.getTime());
  if (one instanceof Uint8Array && other instanceof Uint8Array)
    return one.length === other.length && one.every((byte, index) => byte === other[index]);
  return Object.getPrototypeOf(one) === Object.getPrototypeOf(other) && toText(one) === toText(other);
}

/** The value with something else at a path; the value itself stays as it is. */
function replace(value: unknown, [step, ...rest]: Steps, apply: Normaliser['apply']): unknown {
  if (step === undefined) return value === undefined ? undefined : apply(value);
  if (Array.isArray(value))
    return value.map((each, index) => (step === '*' || step === String(index) ? replace(each, rest, apply) : each));
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      step === '*' || step === name ? replace(each, rest, apply) : each,
    ]),
  );
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A path, or what is left of it. */
type Steps = readonly string[];

function split(path: Path): Steps {
  return path === '' ? [] : path.split('.');
}

/** Whether the path leads to the place, or to something around it. */
function covers(path: Steps, at: Place): boolean {
  return path.length <= at.length && path.every((step, index) => step === '*' || step === String(at[index]));
}

function isCovered(paths: readonly Steps[], at: Place): boolean {
  return paths.some((path) => covers(path, at));
}

/** Whether one leads to the other, or to something around it. */
function meets(path: Steps, at: Place): boolean {
  return covers(path.slice(0, at.length), at);
}

const noRules: Rules = { unordered: [], tolerated: [], ignored: [] };

interface Rules {
  readonly unordered: readonly Steps[];
  readonly tolerated: readonly Steps[];
  readonly ignored: readonly Steps[];
}

/** Sorts all lists that have no order by what counts of their items, those within others first. */
function sortLists(value: unknown, at: Place, rules: Rules): unknown {
  if (Array.isArray(value)) {
    const isUnordered = rules.unordered.some((path) => path.length === at.length && covers(path, at));
    const items = value.map((each, index) => sortLists(each, [...at, isUnordered ? '*' : index], rules));
    return isUnordered ? sortItems(items, [...at, '*'], rules) : items;
  }
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, sortLists(each, [...at, name], rules)]));
}

/** Numbers with a tolerance come last, so that those that are nearly the same find each other. */
function sortItems(list: readonly unknown[], at: Place, { tolerated, ignored }: Rules): readonly unknown[] {
  return list
    .map((value) => {
      const numbers: number[] = [];
      const isLeftOut: IsLeftOut = (place, each) => {
        if (isCovered(ignored, place)) return true;
        if (typeof each !== 'number' || !isCovered(tolerated, place)) return false;
        numbers.push(each);
        return true;
      };
      return { value, text: textOf(value, at, isLeftOut) ?? '', numbers };
    })
    .sort((a, b) => compareTexts(a.text, b.text) || compareNumbers(a.numbers, b.numbers))
    .map(({ value }) => value);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By the first that differ. */
function compareNumbers(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

type IsLeftOut = (at: Place, value: unknown) => boolean;

/** Does not depend on the order of properties; undefined: it is left out as a whole. */
function textOf(value: unknown, at: Place, isLeftOut: IsLeftOut): string | undefined {
  if (isLeftOut(at, value)) return undefined;
  if (Array.isArray(value)) {
    const texts = value.map((each, index) => textOf(each, [...at, index], isLeftOut));
    return `[${texts.filter((text) => text !== undefined).join()}]`;
  }
  if (!isPlain(value)) return encode(value);
  const texts = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort(compareTexts)
    .map((name) => [name, textOf(value[name], [...at, name], isLeftOut)] as const)
    .filter(([, text]) => text !== undefined);
  return `{${texts.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`;
}

function toText(value: unknown): string {
  const text = encode(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}

function encode(value: unknown): string {
  try {
    return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}n` : each)) ?? String(value);
  } catch {
    // It leads back to itself.
    return String(value);
  }
}

function checkOptions({ normalise = [], ignore = [], tolerance = [], unordered = [], redact = [] }: CompareOptions) {
  for (const [index, { path, apply }] of normalise.entries()) {
    checkPath(`normalise[${index}]`, path);
    if (typeof apply !== 'function') fail(`normalise[${index}].apply must be a function, got a ${typeof apply}`);
  }
  for (const [index, { path, reason, owner, expiresAt }] of ignore.entries()) {
    checkPath(`ignore[${index}]`, path);
    for (const [name, text] of Object.entries({ reason, owner }))
      if (typeof text !== 'string' || text === '')
        fail(`ignore[${index}].${name} must say something, got ${toText(text)}`);
    if (typeof expiresAt !== 'string' || Number.isNaN(Date.parse(expiresAt)))
      fail(`ignore[${index}].expiresAt must be a date such as 2026-12-31, got ${toText(expiresAt)}`);
  }
  for (const [index, { path, within }] of tolerance.entries()) {
    checkPath(`tolerance[${index}]`, path);
    if (!(within >= 0)) fail(`tolerance[${index}].within must be 0 or more, got ${within}`);
  }
  for (const [index, path] of unordered.entries()) checkPath(`unordered[${index}]`, path);
  if (redact !== true) for (const [index, path] of redact.entries()) checkPath(`redact[${index}]`, path);
}

function checkPath(name: string, path: unknown): void {
  if (typeof path !== 'string' || (path !== '' && path.split('.').includes('')))
    fail(`${name} must have a path such as items.*.price, got ${toText(path)}`);
}

function fail(problem: string): never {
  throw new SluiceError('invalid-options', `compare: ${problem}`);
}
