import { stages } from '@sluice/engine';
import { Histogram, TopKeys } from '@sluice/stats';
import { migrationEvents } from './migration-events.ts';
import { type EncodedMismatch, fitMismatch, parseMismatch } from './mismatch.ts';

/** What calls are counted of. */
export type SubjectKind = 'valve' | 'providers' | 'config' | 'migration' | 'route';

/** A subject, as it is sent and stored. */
export interface EncodedSubject {
  readonly kind: SubjectKind;
  /** Key of the flag; template of the route. */
  readonly key: string;
  /** Three labels, and the durations of the calls that have them. */
  readonly cells: readonly (readonly [string, string, string, readonly number[]])[];
  readonly accounts?: readonly (string | number)[];
  readonly routes?: readonly (string | number)[];
  /** Some records of a migration that are not the same in both stores. */
  readonly mismatches?: readonly EncodedMismatch[];
}

/** Undefined: a name, of which so many are told apart; else it is one of these. */
type Label = readonly string[] | undefined;

interface SubjectForm {
  /** Subjects of the kind in one window. */
  readonly most: number;
  readonly labels: readonly [Label, Label, Label];
  /** Accounts and routes of which counts are kept. */
  readonly accounts: number;
  readonly routes: number;
  /** Records that are told as examples of what differs. */
  readonly mismatches: number;
}

const none: Label = [''];

/** What there is to tell of each kind of subject, and how much of it at most. */
export const subjectForms: Readonly<Record<SubjectKind, SubjectForm>> = {
  /** Mode, why it was in force, and how the call ended. */
  valve: {
    most: 200,
    labels: [undefined, ['normal', 'rule', 'breaker', 'error', 'timeout'], ['ok', 'failed']],
    accounts: 50,
    routes: 50,
    mismatches: 0,
  },
  /** Provider, and how the attempt ended. */
  providers: {
    most: 200,
    labels: [undefined, ['sent', 'failed', 'unknown'], none],
    accounts: 0,
    routes: 0,
    mismatches: 0,
  },
  /** Why a value was refused. That takes no time. */
  config: { most: 200, labels: [undefined, none, none], accounts: 0, routes: 0, mismatches: 0 },
  /** Cohort, stage, and what a store did or became of a comparison. Comparisons take no time. */
  migration: { most: 200, labels: [undefined, stages, migrationEvents], accounts: 0, routes: 0, mismatches: 20 },
  /** Method, how the request ended, and the arm of whatever is judged by it, if anything is. */
  route: { most: 500, labels: [undefined, ['ok', 'failed'], undefined], accounts: 10, routes: 0, mismatches: 0 },
};

/** Stands for whatever was too much to be told apart. */
export const otherName = 'other';
/** Names that are told apart in one place: modes of a valve, reasons of a config, cohorts of a migration. */
export const mostNames = 20;
export const longestName = 256;

type Cells = Map<string, Map<string, Map<string, Histogram>>>;

/** Calls of one subject, by labels; bounded, and adds up in any order. */
export class SubjectTally {
  readonly kind: SubjectKind;
  readonly key: string;
  readonly #cells: Cells = new Map();
  #accounts: TopKeys | undefined;
  #routes: TopKeys | undefined;
  #mismatches: EncodedMismatch[] = [];

  constructor(kind: SubjectKind, key: string) {
    this.kind = kind;
    this.key = key;
  }

  /** Counts a call. Allocates nothing where one like it was counted before. */
  count(first: string, second: string, third: string, durationMs: number): void {
    this.#find(first, second, third).record(durationMs);
  }

  countAccount(key: string): void {
    if (key.length > longestName) return;
    this.#accounts ??= new TopKeys(subjectForms[this.kind].accounts);
    this.#accounts.count(key);
  }

  countRoute(route: string): void {
    if (route.length > longestName) return;
    this.#routes ??= new TopKeys(subjectForms[this.kind].routes);
    this.#routes.count(route);
  }

  /** Keeps it as an example, unless there are enough. */
  noteMismatch(mismatch: EncodedMismatch): void {
    if (this.#mismatches.length >= subjectForms[this.kind].mismatches) return;
    const fitted = fitMismatch(mismatch);
    if (fitted !== undefined) this.#mismatches.push(fitted);
  }

  /** Hands out the examples: whoever adds up counts keeps them elsewhere. */
  takeMismatches(): readonly EncodedMismatch[] {
    return this.#mismatches.splice(0);
  }

  /** Who called most. */
  get accounts(): TopKeys | undefined {
    return this.#accounts;
  }

  /** From where it was called most. */
  get routes(): TopKeys | undefined {
    return this.#routes;
  }

  *list(): Generator<readonly [first: string, second: string, third: string, durations: Histogram]> {
    for (const [first, ofFirst] of this.#cells) {
      for (const [second, ofSecond] of ofFirst) {
        for (const [third, durations] of ofSecond) yield [first, second, third, durations];
      }
    }
  }

  merge(other: SubjectTally): void {
    for (const [first, second, third, durations] of other.list()) this.#find(first, second, third).merge(durations);
    this.#accounts = mergeTop(this.#accounts, other.#accounts, subjectForms[this.kind].accounts);
    this.#routes = mergeTop(this.#routes, other.#routes, subjectForms[this.kind].routes);
    for (const mismatch of other.#mismatches) this.noteMismatch(mismatch);
  }

  encode(): EncodedSubject {
    return {
      kind: this.kind,
      key: this.key,
      cells: [...this.list()].map(([first, second, third, durations]) => [first, second, third, durations.encode()]),
      ...(this.#accounts !== undefined && { accounts: this.#accounts.encode() }),
      ...(this.#routes !== undefined && { routes: this.#routes.encode() }),
      ...(this.#mismatches.length > 0 && { mismatches: [...this.#mismatches] }),
    };
  }

  /**
   * Reads what `encode` gave. What is malformed in it is left out, and `onMalformed` called for each; undefined when
   * nothing is left.
   */
  static parse(value: unknown, onMalformed: () => void): SubjectTally | undefined {
    if (!isObject(value) || !isSubjectKind(value.kind) || !isSubjectKey(value.key) || !Array.isArray(value.cells)) {
      onMalformed();
      return undefined;
    }
    const tally = new SubjectTally(value.kind, value.key);
    const form = subjectForms[value.kind];
    for (const cell of value.cells) if (!tally.#take(cell, form)) onMalformed();
    tally.#accounts = parseTop(value.accounts, form.accounts, onMalformed);
    tally.#routes = parseTop(value.routes, form.routes, onMalformed);
    tally.#takeMismatches(value.mismatches, form.mismatches, onMalformed);
    return tally.#cells.size === 0 ? undefined : tally;
  }

  #take(cell: unknown, { labels }: SubjectForm): boolean {
    if (!Array.isArray(cell) || cell.length !== 4) return false;
    const [first, second, third, encoded]: readonly unknown[] = cell;
    if (!isLabel(first, labels[0]) || !isLabel(second, labels[1]) || !isLabel(third, labels[2])) return false;
    const durations = Histogram.parse(encoded);
    if (durations === undefined || durations.count === 0) return false;
    const known = this.#open(first, second, third, () => durations);
    if (known !== durations) known.merge(durations);
    return true;
  }

  #takeMismatches(encoded: unknown, most: number, onMalformed: () => void): void {
    if (encoded === undefined) return;
    if (!Array.isArray(encoded) || most === 0) {
      onMalformed();
      return;
    }
    for (const each of encoded.slice(0, most)) {
      const mismatch = parseMismatch(each);
      if (mismatch === undefined) onMalformed();
      else this.#mismatches.push(mismatch);
    }
  }

  #find(first: string, second: string, third: string): Histogram {
    return this.#cells.get(first)?.get(second)?.get(third) ?? this.#open(first, second, third);
  }

  #open(first: string, second: string, third: string, create = () => new Histogram()): Histogram {
    const ofFirst = openAt(this.#cells, first, () => new Map<string, Map<string, Histogram>>());
    const ofSecond = openAt(ofFirst, second, () => new Map<string, Histogram>());
    return openAt(ofSecond, third, create);
  }
}

/** What there is under a name; where there are too many already, under the one that stands for the rest. */
function openAt<T>(named: Map<string, T>, given: string, create: () => T): T {
  const wanted = given.slice(0, longestName);
  const name = named.has(wanted) || named.size < mostNames ? wanted : otherName;
  const known = named.get(name) ?? create();
  named.set(name, known);
  return known;
}

function mergeTop(one: TopKeys | undefined, other: TopKeys | undefined, capacity: number): TopKeys | undefined {
  if (other === undefined) return one;
  const merged = one ?? new TopKeys(capacity);
  merged.merge(other);
  return merged;
}

function parseTop(encoded: unknown, capacity: number, onMalformed: () => void): TopKeys | undefined {
  if (encoded === undefined) return undefined;
  const parsed = capacity === 0 ? undefined : TopKeys.parse(encoded, capacity);
  if (parsed?.list().every(({ key }) => key.length <= longestName) === true) return parsed;
  onMalformed();
  return undefined;
}

function isLabel(value: unknown, label: Label): value is string {
  return typeof value === 'string' && (label === undefined ? value.length <= longestName : label.includes(value));
}

function isSubjectKind(value: unknown): value is SubjectKind {
  return typeof value === 'string' && Object.hasOwn(subjectForms, value);
}

/** Databases take any text but this. */
function isSubjectKey(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= longestName &&
    !value.includes('\u0000') &&
    value.isWellFormed()
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
