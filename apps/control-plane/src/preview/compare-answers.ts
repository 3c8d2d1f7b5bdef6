import type { LineView, PreviewView } from '@sluice/api-client';
import { type FlagState, listVariations } from '@sluice/authoring';
import { type Context, canonicalKey, createEvaluation, evaluate, flagNotFound, type Ruleset } from '@sluice/engine';
import { ownContext } from '../evaluations/explain.ts';
import { createLines } from '../evaluations/lines.ts';

/** A flag as it is in one state of the environment. */
export interface FlagSide {
  readonly ruleset: Ruleset<undefined>;
  /** Undefined: there is none. */
  readonly state: FlagState | undefined;
}

type LineCount = PreviewView['lines']['before'][number];

/** What one context gets: the variation's id (null: the caller's default value), and its value as JSON. */
interface Answer {
  readonly id: string | null;
  readonly json: string | undefined;
}

/** Counts at which line of a flag contexts are decided. */
export class LineTally {
  readonly #key: string;
  readonly #side: FlagSide;
  readonly #lines: ReturnType<typeof createLines>;
  readonly #counts: Map<LineView, number>;
  readonly #answers: readonly Answer[];
  readonly #evaluation = createEvaluation<undefined>({ ambient: [ownContext] });

  constructor(key: string, side: FlagSide) {
    this.#key = key;
    this.#side = side;
    this.#lines = createLines(side.state);
    this.#counts = new Map(this.#lines.all.map((line) => [line, 0]));
    const variations = side.state === undefined ? [] : listVariations(side.state);
    this.#answers = variations.map(({ id, value }) => ({ id, json: JSON.stringify(value) }));
  }

  /** Evaluates as SDKs do, and counts the line. */
  decide(context: Context): Answer {
    this.#evaluation.context = context;
    const compiled = this.#side.ruleset.findCompiled(this.#key);
    const detail = compiled === undefined ? flagNotFound : evaluate(compiled, this.#evaluation).detail;
    const line = this.#lines.find(detail, context);
    this.#counts.set(line, (this.#counts.get(line) ?? 0) + 1);
    return (detail.variation === undefined ? undefined : this.#answers[detail.variation]) ?? noAnswer;
  }

  list(): readonly LineCount[] {
    return [...this.#counts].map(([line, count]) => ({ ...line, count }));
  }
}

const noAnswer: Answer = { id: null, json: undefined };

const mostExamples = 50;
const mostTransitions = 50;

/** Compares what contexts get of a flag in two states of its environment. */
export class AnswerComparison {
  readonly flag: string;
  readonly #before: LineTally;
  readonly #after: LineTally;
  readonly #transitions = new Map<
    string,
    { readonly from: string | null; readonly to: string | null; count: number }
  >();
  readonly #examples: PreviewView['examples'][number][] = [];
  #changed = 0;

  constructor(flag: string, before: FlagSide, after: FlagSide) {
    this.flag = flag;
    this.#before = new LineTally(flag, before);
    this.#after = new LineTally(flag, after);
  }

  add(context: Context): void {
    const [before, after] = [this.#before.decide(context), this.#after.decide(context)];
    if (before.json === after.json) return;
    this.#changed++;
    const { id: from } = before;
    const { id: to } = after;
    const name = JSON.stringify([from, to]);
    const transition = this.#transitions.get(name) ?? { from, to, count: 0 };
    transition.count++;
    this.#transitions.set(name, transition);
    if (this.#examples.length < mostExamples) {
      this.#examples.push({ kind: context.kind, key: canonicalKey(context), context: { ...context }, from, to });
    }
  }

  get changed(): number {
    return this.#changed;
  }

  /** All but the shares. */
  describe(): Pick<PreviewView, 'transitions' | 'examples' | 'lines'> {
    const transitions = [...this.#transitions.values()].toSorted((a, b) => b.count - a.count);
    return {
      transitions: transitions.slice(0, mostTransitions),
      examples: this.#examples,
      lines: { before: this.#before.list(), after: this.#after.list() },
    };
  }
}
