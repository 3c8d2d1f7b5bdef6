import { type Answer, rolloutShare, type Scenario, scenarios } from './scenarios.ts';
import type { SubjectName } from './subject.ts';
import type { SubjectProcess } from './subject-process.ts';

/** By chance a share of 10,000 people is off by half of this at most. */
const shareTolerance = 0.02;

/** Asks every subject for everybody, once; returns a sentence for each scenario that a subject gets wrong. */
export async function findWrongAnswers(
  subjects: readonly Pick<SubjectProcess, 'name' | 'lacks' | 'tell'>[],
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const scenario of scenarios) {
    const answers = new Map<SubjectName, readonly Answer[]>();
    for (const subject of subjects) {
      if (subject.lacks.includes(scenario.name)) continue;
      const reply = await subject.tell({ kind: 'answer', scenario: scenario.name });
      if (reply.kind === 'answers') answers.set(subject.name, reply.answers);
    }
    wrong.push(...(scenario.expect === undefined ? findWrongShares(scenario, answers) : findWrong(scenario, answers)));
  }
  return wrong;
}

function findWrong(
  { name, people, expect }: Scenario,
  answers: ReadonlyMap<SubjectName, readonly Answer[]>,
): readonly string[] {
  const right = people.map((person) => expect?.(person));
  return [...answers].flatMap(([subject, given]) => {
    const at = right.findIndex((answer, index) => answer !== given[index]);
    return at === -1
      ? []
      : [`${name}: ${subject} says ${given[at]} for ${JSON.stringify(people[at])}, expected ${right[at]}`];
  });
}

/** Buckets differ between products, but ours are LaunchDarkly's. */
function findWrongShares(
  { name, counted }: Scenario,
  answers: ReadonlyMap<SubjectName, readonly Answer[]>,
): readonly string[] {
  const shares = [...answers].flatMap(([subject, given]) => {
    const share = given.filter((answer) => answer === counted).length / given.length;
    return Math.abs(share - rolloutShare) <= shareTolerance
      ? []
      : [`${name}: ${subject} serves ${share} of all, expected ${rolloutShare}`];
  });
  const [ours = [], theirs = []] = [answers.get('sluice'), answers.get('launchdarkly')];
  const isSame = ours.length === theirs.length && ours.every((answer, index) => answer === theirs[index]);
  return isSame ? shares : [...shares, `${name}: sluice and launchdarkly serve different people`];
}
