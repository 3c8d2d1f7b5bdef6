import { createKey, createPeople, type Person, peopleCount, scramble } from './people.ts';

/** Also the keys of the flags. */
export const scenarioNames = ['off', 'fallthrough', 'targets', 'rules', 'rollout', 'segment', 'prerequisites'] as const;

export type ScenarioName = (typeof scenarioNames)[number];

export type Answer = boolean | string;

export interface Scenario {
  readonly name: ScenarioName;
  /** What callers pass. */
  readonly defaultValue: Answer;
  /** The answer that is counted, so that no answer is computed for nothing. */
  readonly counted: Answer;
  /** Who asks, in turn. */
  readonly people: readonly Person[];
  /** The right answer; undefined: every subject has buckets of its own, and only their share can be told. */
  readonly expect: ((person: Person) => Answer) | undefined;
}

export const rolloutShare = 0.25;

/** The first half of them gets one variation, the second half the other, and everybody else the third. */
export const targetedKeys: readonly string[] = Array.from({ length: 1000 }, (_, number) => createKey(number));
export const targetedHalf = targetedKeys.length / 2;

/** Half of the people, spread evenly over the list, among as many whom nobody asks for. */
export const segmentKeys: readonly string[] = Array.from({ length: 10_000 }, (_, number) =>
  createKey(scramble(number + 7_000_000) < 0.5 ? number : number + 1_000_000),
);

const everybody = createPeople((index) => index);

/** Every other one, but not regularly, has the key of a target. */
const oftenTargeted = createPeople((index) =>
  scramble(index + 8_000_000) < 0.5
    ? Math.floor(scramble(index + 9_000_000) * targetedKeys.length)
    : targetedKeys.length + (index % (peopleCount - targetedKeys.length)),
);

const colours = new Map(targetedKeys.map((key, index) => [key, index < targetedHalf ? 'red' : 'blue']));
const members = new Set(segmentKeys);

export const scenarios: readonly Scenario[] = [
  // Other default than off value: the flag has to serve it.
  { name: 'off', defaultValue: true, counted: false, people: everybody, expect: () => false },
  { name: 'fallthrough', defaultValue: false, counted: true, people: everybody, expect: () => true },
  {
    name: 'targets',
    defaultValue: 'none',
    counted: 'red',
    people: oftenTargeted,
    expect: ({ key }) => colours.get(key) ?? 'plain',
  },
  { name: 'rules', defaultValue: false, counted: true, people: everybody, expect: matchesRules },
  { name: 'rollout', defaultValue: false, counted: true, people: everybody, expect: undefined },
  {
    name: 'segment',
    defaultValue: false,
    counted: true,
    people: everybody,
    expect: ({ key }) => members.has(key),
  },
  { name: 'prerequisites', defaultValue: false, counted: true, people: everybody, expect: () => true },
];

/** The five rules: the first clause of each is mostly true, the last rule matches one in five people. */
function matchesRules({ country, plan, email, seats }: Person): boolean {
  return (
    (seats > 50 && email.endsWith('@staff.example')) ||
    (['de', 'fr', 'it', 'es', 'nl', 'se', 'dk'].includes(country) && email.includes('+test')) ||
    (['free', 'pro'].includes(plan) && email.startsWith('admin')) ||
    (seats < 900 && country === 'is') ||
    (['de', 'at', 'ch'].includes(country) && ['pro', 'enterprise'].includes(plan))
  );
}
