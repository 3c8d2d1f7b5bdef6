import type { Benchmark, BenchmarkResult } from '../benchmark.ts';
import { formatNumber, type Table } from '../table.ts';
import { type Effort, median } from './measure.ts';
import { type ScenarioName, scenarioNames } from './scenarios.ts';
import { type SubjectName, subjectNames } from './subject.ts';
import { type SubjectProcess, startLocalServer, startSubjectProcess } from './subject-process.ts';
import type { Command } from './subject-program.ts';
import { findWrongAnswers } from './verify.ts';

/** What one evaluation costs a subject in a scenario. */
export interface Row {
  readonly scenario: ScenarioName;
  readonly subject: SubjectName;
  readonly ns: number;
  readonly bytes: number;
}

interface Plan {
  /** Every subject is measured in every round, as the machine's mood changes; the median of the rounds counts. */
  readonly rounds: number;
  readonly effort: Effort;
}

const full: Plan = { rounds: 5, effort: { warmUpMs: 400, sampleMs: 50, samples: 5, countedPasses: 200 } };
const quick: Plan = { rounds: 1, effort: { warmUpMs: 20, sampleMs: 2, samples: 1, countedPasses: 1 } };

/** What evaluating a flag costs, ours and others' beside each other, events on. */
export const evaluation: Benchmark = {
  run: async ({ quick: isQuick, onProgress }) =>
    withSubjects(async (subjects) => {
      onProgress('asking every subject for 10,000 people');
      const wrong = await findWrongAnswers(subjects);
      if (wrong.length > 0) throw new Error(`Subjects disagree, so nothing was measured:\n${wrong.join('\n')}`);
      return describeRows(await measure(subjects, isQuick ? quick : full, onProgress));
    }),
};

/** Starts the server and every subject, and stops them in the end. */
export async function withSubjects<T>(use: (subjects: readonly SubjectProcess[]) => Promise<T>): Promise<T> {
  const server = await startLocalServer();
  const subjects: SubjectProcess[] = [];
  try {
    for (const name of subjectNames) subjects.push(await startSubjectProcess(name, server.url));
    return await use(subjects);
  } finally {
    await Promise.all(subjects.map((subject) => subject.close()));
    await server.close();
  }
}

async function measure(
  subjects: readonly SubjectProcess[],
  { rounds, effort }: Plan,
  onProgress: (line: string) => void,
): Promise<readonly Row[]> {
  // Of one scenario all subjects are measured in a row, so that they meet the machine in the same mood.
  const pairs = scenarioNames.flatMap((scenario) =>
    subjects
      .filter(({ lacks }) => !lacks.includes(scenario))
      .map((subject) => ({ scenario, subject, times: [] as number[], bytes: Number.NaN })),
  );
  onProgress('warming up');
  for (const { subject, scenario } of pairs) await subject.tell({ kind: 'warm-up', scenario, effort });
  for (let round = 1; round <= rounds; round++) {
    onProgress(`round ${round} of ${rounds}`);
    for (const { subject, scenario, times } of pairs) {
      times.push(await askForValue(subject, { kind: 'time', scenario, effort }));
    }
  }
  onProgress('counting bytes');
  for (const pair of pairs) {
    const { subject, scenario } = pair;
    pair.bytes = await askForValue(subject, { kind: 'count-bytes', scenario, effort });
  }
  return pairs.map(({ scenario, subject, times, bytes }) => ({
    scenario,
    subject: subject.name,
    ns: median(times),
    bytes,
  }));
}

async function askForValue(subject: SubjectProcess, command: Command): Promise<number> {
  const reply = await subject.tell(command);
  if (reply.kind !== 'measured') throw new Error(`${subject.name}: expected a measured value, got ${reply.kind}`);
  return reply.value;
}

/** Puts rows into tables, and into the measures that targets are set for. */
export function describeRows(rows: readonly Row[]): BenchmarkResult {
  const find = (scenario: ScenarioName, subject: SubjectName): Row | undefined =>
    rows.find((row) => row.scenario === scenario && row.subject === subject);
  const measures = scenarioNames.flatMap((scenario): [string, number][] => {
    const ours = find(scenario, 'sluice');
    const launchdarkly = find(scenario, 'launchdarkly');
    if (ours === undefined || launchdarkly === undefined) return [];
    const peers = rows.filter((row) => row.scenario === scenario && row.subject !== 'sluice');
    const kinder = find(scenario, 'launchdarkly-50k');
    return [
      [`${scenario}: times faster than launchdarkly`, launchdarkly.ns / ours.ns],
      [`${scenario}: times faster than launchdarkly-50k`, (kinder?.ns ?? Number.NaN) / ours.ns],
      [`${scenario}: times faster than the fastest peer`, Math.min(...peers.map(({ ns }) => ns)) / ours.ns],
      [`${scenario}: bytes per evaluation`, ours.bytes],
    ];
  });
  const tabulate = (title: string, format: (row: Row) => string): Table => ({
    title,
    header: ['', ...subjectNames],
    rows: scenarioNames.map((scenario) => [
      scenario,
      ...subjectNames.map((subject) => {
        const row = find(scenario, subject);
        return row === undefined ? '-' : format(row);
      }),
    ]),
  });
  return {
    rows: rows.map((row) => ({ ...row })),
    measures: Object.fromEntries(measures),
    tables: [
      tabulate('Nanoseconds per evaluation', ({ ns }) => formatNumber(ns)),
      tabulate('Times faster than launchdarkly', ({ scenario, ns }) =>
        formatNumber((find(scenario, 'launchdarkly')?.ns ?? Number.NaN) / ns),
      ),
      tabulate('Bytes per evaluation', ({ bytes }) => formatNumber(bytes)),
    ],
  };
}
