import {
  type EncodedSubject,
  longestName,
  otherName,
  type SubjectKind,
  SubjectTally,
  subjectForms,
} from './subject-tally.ts';

/** A window, as it is sent. */
export interface EncodedWindow {
  readonly subjects: readonly EncodedSubject[];
  /** Calls of valves, providers, configs and migrations that were too many to be told apart; absent: none. */
  readonly uncounted?: number;
}

/** A window from outside, and what was wrong with it. */
export interface ParsedWindow {
  readonly window: TelemetryWindow;
  /** Parts that were left out because they were malformed. */
  readonly malformed: number;
}

/** What was counted in a stretch of time; bounded, and adds up in any order. */
export class TelemetryWindow {
  readonly #subjects: Readonly<Record<SubjectKind, Map<string, SubjectTally>>> = {
    valve: new Map(),
    providers: new Map(),
    config: new Map(),
    migration: new Map(),
    route: new Map(),
  };
  #uncounted = 0;

  /** Calls that were not counted because there were too many subjects. */
  get uncounted(): number {
    return this.#uncounted;
  }

  get isEmpty(): boolean {
    return this.#uncounted === 0 && Object.values(this.#subjects).every(({ size }) => size === 0);
  }

  /** Where to count calls of a subject. Of too many routes the rest is one; undefined: there are too many others. */
  find(kind: SubjectKind, key: string): SubjectTally | undefined {
    return this.#subjects[kind].get(key) ?? this.#open(kind, key);
  }

  *list(): Generator<SubjectTally> {
    for (const tallies of Object.values(this.#subjects)) yield* tallies.values();
  }

  /** Takes a tally in; it is the window's from now on. */
  add(tally: SubjectTally): void {
    const tallies = this.#subjects[tally.kind];
    const isNew = !tallies.has(tally.key) && tallies.size < subjectForms[tally.kind].most;
    if (isNew) tallies.set(tally.key, tally);
    else this.find(tally.kind, tally.key)?.merge(tally);
  }

  merge(other: TelemetryWindow): void {
    for (const tally of other.list()) this.add(tally);
    this.#uncounted += other.#uncounted;
  }

  /** Two windows that together are this one, each with half of its subjects; undefined: it has only one. */
  halve(): readonly [TelemetryWindow, TelemetryWindow] | undefined {
    const tallies = [...this.list()];
    if (tallies.length < 2) return undefined;
    const [one, other] = [new TelemetryWindow(), new TelemetryWindow()];
    for (const [at, tally] of tallies.entries()) (at % 2 === 0 ? one : other).add(tally);
    one.#uncounted = this.#uncounted;
    return [one, other];
  }

  encode(): EncodedWindow {
    return {
      subjects: [...this.list()].map((tally) => tally.encode()),
      ...(this.#uncounted > 0 && { uncounted: this.#uncounted }),
    };
  }

  /** Reads a window, whatever it is: what is malformed is left out, and costs nothing else. */
  static parse(value: unknown): ParsedWindow {
    const window = new TelemetryWindow();
    // Any object may be asked for any property.
    const { subjects, uncounted } = (value ?? {}) as { readonly subjects?: unknown; readonly uncounted?: unknown };
    if (!Array.isArray(subjects)) return { window, malformed: 1 };
    let malformed = 0;
    for (const subject of subjects) {
      const tally = SubjectTally.parse(subject, () => malformed++);
      if (tally !== undefined) window.add(tally);
    }
    if (Number.isSafeInteger(uncounted) && Number(uncounted) > 0) window.#uncounted += Number(uncounted);
    return { window, malformed };
  }

  #open(kind: SubjectKind, key: string): SubjectTally | undefined {
    const tallies = this.#subjects[kind];
    const fits = tallies.size < subjectForms[kind].most && key.length <= longestName;
    if (!fits && kind !== 'route') {
      this.#uncounted++;
      return undefined;
    }
    const name = fits ? key : otherName;
    const tally = tallies.get(name) ?? new SubjectTally(kind, name);
    tallies.set(name, tally);
    return tally;
  }
}
