import { otherName, SubjectTally, subjectForms } from '@sluice/protocol';

const { most } = subjectForms.route;

interface Counted {
  readonly tally: SubjectTally;
  /** Requests. */
  readonly count: number;
}

/** The 500 routes with the most requests, and the rest as one: bounded, however many there are. */
export class BusiestRoutes {
  readonly #rest = new SubjectTally('route', otherName);
  /** Twice as many as are told apart, at most. */
  #known: Counted[] = [];
  /** More of it may come. */
  #open: SubjectTally | undefined;

  /** Takes in what was counted of a route. What there is of the same route comes one after the other. */
  add(tally: SubjectTally): void {
    if (this.#open?.key === tally.key) this.#open.merge(tally);
    else {
      this.#settle();
      this.#open = tally;
    }
  }

  /** Those with the most requests first, and the rest, if there is any, last. */
  list(): readonly SubjectTally[] {
    this.#settle();
    this.#open = undefined;
    this.#giveUpRare();
    const busiest = this.#known.map(({ tally }) => tally);
    return countOf(this.#rest) === 0 ? busiest : [...busiest, this.#rest];
  }

  #settle(): void {
    const tally = this.#open;
    if (tally === undefined) return;
    if (tally.key === otherName) this.#rest.merge(tally);
    else this.#known.push({ tally, count: countOf(tally) });
    if (this.#known.length >= 2 * most) this.#giveUpRare();
  }

  /** All of a route is known by now: where so many are busier, it is none of the busiest. */
  #giveUpRare(): void {
    this.#known.sort((one, other) => other.count - one.count || (one.tally.key < other.tally.key ? -1 : 1));
    for (const { tally } of this.#known.splice(most)) this.#rest.merge(tally);
  }
}

function countOf(tally: SubjectTally): number {
  let count = 0;
  for (const [, , , durations] of tally.list()) count += durations.count;
  return count;
}
