import type { Test } from './clause.ts';
import { type CompiledFlag, compileFlag } from './compile-flag.ts';
import type { Flag, Segment } from './flag.ts';
import type { RegexCompiler } from './operators.ts';
import { compileSegment } from './segment.ts';

export interface RulesetOptions<Tally> {
  readonly regex: RegexCompiler;
  /** Made once for each compiled flag and kept beside it: a place for counters. */
  readonly createTally: (flag: Flag) => Tally;
}

/**
 * The flags and segments of one environment. Each is compiled when it is first used and again after it changed, so
 * that taking in a payload costs the same however complex its flags are.
 */
export class Ruleset<Tally> {
  readonly #flags = new Map<string, FlagCell<Tally>>();
  readonly #segments = new Map<string, SegmentCell>();
  readonly #regex: RegexCompiler;
  readonly #createTally: (flag: Flag) => Tally;

  constructor({ regex, createTally }: RulesetOptions<Tally>) {
    this.#regex = regex;
    this.#createTally = createTally;
  }

  /** Adds or replaces a flag; a deleted one remains as the tombstone that it is. */
  setFlag(flag: Flag): void {
    const cell = this.#flagCell(flag.key);
    cell.flag = flag;
    cell.compiled = undefined;
  }

  setSegment(segment: Segment): void {
    const cell = this.#segmentCell(segment.key);
    cell.segment = segment;
    cell.test = undefined;
  }

  /** The flag as it was set, tombstones included. */
  findFlag(key: string): Flag | undefined {
    return this.#flags.get(key)?.flag;
  }

  findSegment(key: string): Segment | undefined {
    return this.#segments.get(key)?.segment;
  }

  *flags(): IterableIterator<Flag> {
    for (const { flag } of this.#flags.values()) if (flag !== undefined) yield flag;
  }

  *segments(): IterableIterator<Segment> {
    for (const { segment } of this.#segments.values()) if (segment !== undefined) yield segment;
  }

  /** The flag, ready to evaluate; undefined when it is missing or deleted. */
  findCompiled(key: string): CompiledFlag<Tally> | undefined {
    const cell = this.#flags.get(key);
    return cell === undefined ? undefined : (cell.compiled ?? this.#compile(cell));
  }

  #compile(cell: FlagCell<Tally>): CompiledFlag<Tally> | undefined {
    const { flag } = cell;
    if (flag === undefined || flag.deleted === true) return undefined;
    cell.compiled = compileFlag(flag, this.#createTally(flag), {
      regex: this.#regex,
      segmentTest: (key) => this.#segmentTest(key),
      flagFinder: (key) => {
        const found = this.#flagCell(key);
        return () => found.compiled ?? this.#compile(found);
      },
    });
    return cell.compiled;
  }

  /** Bound to the cell, not to its content: a flag need not be compiled again when a segment of its rules changed. */
  #segmentTest(key: string): Test {
    const cell = this.#segmentCell(key);
    return (evaluation) => {
      if (cell.test === undefined) {
        const { segment } = cell;
        if (segment === undefined || segment.deleted === true) return false;
        cell.test = compileSegment(segment, { regex: this.#regex, segmentTest: (nested) => this.#segmentTest(nested) });
      }
      return cell.test(evaluation);
    };
  }

  #flagCell(key: string): FlagCell<Tally> {
    const known = this.#flags.get(key);
    if (known !== undefined) return known;
    const cell: FlagCell<Tally> = { flag: undefined, compiled: undefined };
    this.#flags.set(key, cell);
    return cell;
  }

  #segmentCell(key: string): SegmentCell {
    const known = this.#segments.get(key);
    if (known !== undefined) return known;
    const cell: SegmentCell = { segment: undefined, test: undefined };
    this.#segments.set(key, cell);
    return cell;
  }
}

/** Where a flag is, or will be once there is one with its key. */
interface FlagCell<Tally> {
  flag: Flag | undefined;
  compiled: CompiledFlag<Tally> | undefined;
}

interface SegmentCell {
  segment: Segment | undefined;
  test: Test | undefined;
}
