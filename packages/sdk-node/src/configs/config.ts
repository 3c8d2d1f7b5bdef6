import { isDeepStrictEqual } from 'node:util';
import type { Flag } from '@sluice/engine';
import type { Client, EvaluationDetail, GivenContext, Log, Surroundings } from '@sluice/sdk-common';
import { keepLastGood, placeOf } from '../served-places.ts';
import type { Judge } from './judge.ts';

/** What of the client a config uses. */
export type ConfigSource = Pick<Client, 'findFlag' | 'servedDetail' | 'detailWithin'>;

export interface ConfigParts {
  readonly key: string;
  readonly source: ConfigSource;
  /** What is around this process, outside of any request. */
  readonly widest: Surroundings;
  readonly judge: Judge;
  readonly log: Log;
  /** Called when `problem` is another without anybody having called `refresh` or `tell`. */
  readonly onProblem: () => void;
  readonly onClose: () => void;
}

/** Is told the value and the one before. What it returns does not matter, unless it is a promise that fails. */
export type ConfigListener<T> = (value: T, previous: T) => unknown;

/** A value as it arrived, and what the application gets for it. */
interface Accepted<T> {
  readonly raw: unknown;
  readonly value: T;
}

/** A flag, and what was found about its variations when it arrived. */
interface JudgedFlag<T> {
  readonly version: number | undefined;
  /** By variation; undefined: refused. */
  readonly variations: readonly (Accepted<T> | undefined)[];
  /** What each rule and target, and everybody else, was served last that was accepted. */
  readonly lastGood: ReadonlyMap<string, Accepted<T>>;
  readonly problem: string | undefined;
}

/**
 * A live value. What arrives for it is judged by what the code declares: what is refused is not served, the last good
 * value of that rule stays in force (of a rule without one, that of the process), and the fleet view names this instance and the reason.
 */
export class Config<T> {
  readonly key: string;
  /** In force for this process: what `get` reads. */
  #value: T;
  readonly #parts: ConfigParts;
  readonly #default: Accepted<T>;
  readonly #listeners = new Set<ConfigListener<T>>();
  #inForce: Accepted<T>;
  /** What listeners know. */
  #told: Accepted<T>;
  #flag: JudgedFlag<T> = { version: undefined, variations: [], lastGood: new Map(), problem: undefined };
  #problem: string | undefined;
  #listenerProblem: string | undefined;

  constructor(defaultValue: T, parts: ConfigParts) {
    this.key = parts.key;
    this.#parts = parts;
    this.#default = { raw: defaultValue, value: defaultValue };
    this.#inForce = this.#default;
    this.#value = defaultValue;
    this.refresh();
    this.#told = this.#inForce;
  }

  /**
   * Without a context: the value for this process, by what it is and not by whom it works for; as cheap as a property.
   * With one: by all rules. Never throws.
   */
  get(context?: GivenContext): T {
    return context === undefined ? this.#value : this.#pick(this.#parts.source.servedDetail(this.key, context));
  }

  /** The value for the request, job or message around the caller; outside of any the same as `get`. */
  at(): T {
    return this.#pick(this.#parts.source.servedDetail(this.key, undefined));
  }

  /**
   * Calls back when the value for this process, that of `get()`, is really another: once per payload, when all configs
   * have their new values. Returns how to stop. A listener that fails is reported to the fleet; the value stays.
   */
  onChange(listener: ConfigListener<T>): () => void {
    // The same function may be given twice, and each stops by itself.
    const entry: ConfigListener<T> = (value, previous) => listener(value, previous);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  /** Ends listening, judging and reporting; `get` goes on returning the last value. */
  close(): void {
    this.#listeners.clear();
    this.#parts.onClose();
  }

  /** @internal What is wrong with what this process was sent; undefined: nothing. */
  get problem(): string | undefined {
    return this.#problem ?? this.#listenerProblem;
  }

  /** @internal Of that, what is wrong with the values; listeners that fail are in the log already. */
  get refusal(): string | undefined {
    return this.#problem;
  }

  /** @internal Of the flag that was judged. */
  get version(): number | undefined {
    return this.#flag.version;
  }

  /** @internal The value in force, as it arrived. */
  get raw(): unknown {
    return this.#inForce.raw;
  }

  /** @internal All values that may be served, and the one in force. */
  get values(): readonly T[] {
    return [
      this.#value,
      ...this.#flag.variations.flatMap((accepted) => (accepted === undefined ? [] : [accepted.value])),
    ];
  }

  /** @internal The value in given surroundings, without its being counted. */
  within(surroundings: Surroundings): T {
    return this.#pick(this.#parts.source.detailWithin(this.key, surroundings));
  }

  /** @internal Takes in the flag as it is now. */
  refresh(): void {
    const { source, judge, widest } = this.#parts;
    const flag = source.findFlag(this.key);
    if (flag?.version !== this.#flag.version) this.#flag = judgeFlag(flag, this.#flag, judge);
    const detail = source.detailWithin(this.key, widest);
    this.#problem = this.#flag.problem ?? findFault(detail);
    const next = this.#find(detail);
    if (isSame(next, this.#inForce)) return;
    this.#inForce = next;
    this.#value = next.value;
  }

  /** @internal Tells listeners, if there is anything to tell. */
  tell(): void {
    const previous = this.#told;
    if (isSame(previous, this.#inForce)) return;
    this.#told = this.#inForce;
    this.#listenerProblem = undefined;
    for (const listener of [...this.#listeners]) {
      try {
        const answer = listener(this.#inForce.value, previous.value);
        if (answer instanceof Promise) answer.catch((error: unknown) => this.#noteFailure(error));
      } catch (error) {
        this.#noteFailure(error);
      }
    }
  }

  #noteFailure(error: unknown): void {
    this.#parts.log.error(
      `config ${this.key}: an onChange listener failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    this.#listenerProblem = `onChange listener failed: ${error instanceof Error ? error.message : String(error)}`;
    this.#parts.onProblem();
  }

  #pick(detail: EvaluationDetail): T {
    // Somebody who heard of a payload earlier than we did: places of variations are those of the new flag.
    if (detail.variation !== undefined && detail.version !== this.#flag.version) this.refresh();
    return this.#find(detail).value;
  }

  #find(detail: EvaluationDetail): Accepted<T> {
    const { variation, reason } = detail;
    if (variation !== undefined)
      return this.#flag.variations[variation] ?? this.#flag.lastGood.get(placeOf(detail)) ?? this.#inForce;
    // A flag that is off or gone leaves it to the code; one that is broken, or asked wrongly, changes nothing.
    return reason.kind === 'ERROR' && reason.errorKind !== 'FLAG_NOT_FOUND' ? this.#inForce : this.#default;
  }
}

function judgeFlag<T>(flag: Flag | undefined, before: JudgedFlag<T>, judge: Judge): JudgedFlag<T> {
  const problems: string[] = [];
  const variations = (flag?.variations ?? []).map((raw): Accepted<T> | undefined => {
    const verdict = judge(raw);
    // The judge knows the type: it is that of the default, or what the schema makes.
    if ('value' in verdict) return { raw, value: verdict.value as T };
    problems.push(verdict.refused);
    return undefined;
  });
  const lastGood = keepLastGood(flag, before.lastGood, (variation) => variations[variation]);
  return {
    version: flag?.version,
    variations,
    lastGood,
    problem: problems.length === 0 ? undefined : problems.join('; '),
  };
}

/** Why a flag that is there serves nothing, if it should. */
function findFault({ variation, reason }: EvaluationDetail): string | undefined {
  if (variation !== undefined || reason.kind !== 'ERROR' || reason.errorKind === 'FLAG_NOT_FOUND') return undefined;
  return `cannot be evaluated: ${reason.errorKind}`;
}

function isSame(one: Accepted<unknown>, other: Accepted<unknown>): boolean {
  return one === other || isDeepStrictEqual(one.raw, other.raw) || isDeepStrictEqual(one.value, other.value);
}
