import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeRows, withSubjects } from './evaluation.ts';
import { scenarioNames, scenarios } from './scenarios.ts';
import { subjectNames } from './subject.ts';
import { findWrongAnswers } from './verify.ts';

describe('answers', () => {
  test('every subject gives the right one to 10,000 people in every scenario that it has', async () => {
    const wrong = await withSubjects(findWrongAnswers);
    expect(wrong).toEqual([]);
  }, 60_000);

  test('a subject that serves the default value to everybody is wrong wherever somebody should get another', async () => {
    const wrong = await findWrongAnswers([
      {
        name: 'flagd',
        lacks: ['prerequisites'],
        tell: async ({ scenario }) => {
          const { people, defaultValue } = findScenario(scenario);
          return { kind: 'answers', answers: people.map(() => defaultValue) };
        },
      },
    ]);
    expect(wrong.map((sentence) => sentence.split(':')[0])).toEqual(
      scenarioNames.filter((name) => name !== 'prerequisites'),
    );
  });

  test('our buckets have to be those of launchdarkly', async () => {
    const { people } = findScenario('rollout');
    const rightElsewhere = (name: string) => {
      const { expect: right, people: others } = findScenario(name);
      return others.map((person) => right?.(person) ?? false);
    };
    const everyFourth = (offset: number) => people.map((_, index) => index % 4 === offset);
    const wrong = await findWrongAnswers(
      (['sluice', 'launchdarkly'] as const).map((name, offset) => ({
        name,
        lacks: [],
        tell: async ({ scenario }) => ({
          kind: 'answers',
          answers: scenario === 'rollout' ? everyFourth(offset) : rightElsewhere(scenario),
        }),
      })),
    );
    expect(wrong).toEqual(['rollout: sluice and launchdarkly serve different people']);
  });
});

describe('results', () => {
  const rows = scenarioNames.flatMap((scenario) =>
    subjectNames.map((subject, index) => ({ scenario, subject, ns: 10 * (index + 1), bytes: index })),
  );

  test('are compared with launchdarkly and with the fastest of all peers', () => {
    const { measures } = describeRows(rows.map((row) => (row.subject === 'flagd' ? { ...row, ns: 5 } : row)));
    expect(measures).toMatchObject({
      'off: times faster than launchdarkly': 2,
      'off: times faster than the fastest peer': 0.5,
      'off: bytes per evaluation': 0,
    });
  });

  test('there is a measure for every target', () => {
    const file = readFileSync(join(import.meta.dirname, '../../targets.json'), 'utf8');
    const { measures } = describeRows(rows);
    expect(Object.keys(measures)).toEqual(expect.arrayContaining(Object.keys(JSON.parse(file).evaluation)));
  });
});

function findScenario(name: string) {
  const scenario = scenarios.find((entry) => entry.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  return scenario;
}
