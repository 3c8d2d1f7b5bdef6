import type { Person } from './people.ts';
import type { Answer, ScenarioName } from './scenarios.ts';

/**
 * Every product in the comparison; ours first. LaunchDarkly's SDK takes part twice: as it comes, and remembering as many
 * contexts as ours does, which is kinder to it.
 */
export const subjectNames = ['sluice', 'launchdarkly', 'launchdarkly-50k', 'unleash', 'growthbook', 'flagd'] as const;

export type SubjectName = (typeof subjectNames)[number];

/** A product with its flags loaded, asked as its users ask it. */
export type Subject<Context> = SubjectParts<Context> &
  (
    | { readonly kind: 'synchronous'; readonly ask: Ask<Context, Answer> }
    | { readonly kind: 'asynchronous'; readonly ask: Ask<Context, Promise<Answer>> }
  );

type Ask<Context, Result> = (key: string, context: Context, defaultValue: Answer) => Result;

interface SubjectParts<Context> {
  /** Scenarios for which the product has no concept. */
  readonly lacks: readonly ScenarioName[];
  /** The context as the product wants it; made before anything is measured. */
  readonly toContext: (person: Person) => Context;
  /** Sends what was counted and collected. */
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}
