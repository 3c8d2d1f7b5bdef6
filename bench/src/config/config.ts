import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Benchmark } from '../benchmark.ts';
import { type Effort, median } from '../evaluation/measure.ts';
import { startLocalServer } from '../evaluation/subject-process.ts';
import { formatNumber } from '../table.ts';
import type { ConfigCosts, ConfigSubject } from './config-program.ts';

const subjects: readonly ConfigSubject[] = ['sluice', 'launchdarkly', 'flagd'];

/** What asking for a live value costs, ours and others' beside each other, events on. */
export const config: Benchmark = {
  run: async ({ quick, onProgress }) => {
    const rounds = quick ? 1 : 5;
    const effort: Effort = quick
      ? { warmUpMs: 20, sampleMs: 2, samples: 1, countedPasses: 1 }
      : { warmUpMs: 400, sampleMs: 50, samples: 7, countedPasses: 200 };
    const server = await startLocalServer();
    try {
      const costs = new Map(subjects.map((subject) => [subject, [] as ConfigCosts[]]));
      for (let round = 1; round <= rounds; round++) {
        onProgress(`round ${round} of ${rounds}`);
        // All in every round, as the machine's mood changes.
        for (const [subject, measured] of costs) measured.push(await measure(subject, server.url, effort));
      }
      return describeCosts(costs);
    } finally {
      await server.close();
    }
  },
};

async function measure(subject: ConfigSubject, url: string, effort: Effort): Promise<ConfigCosts> {
  const program = join(import.meta.dirname, 'config-program.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    program,
    subject,
    url,
    JSON.stringify(effort),
  ]);
  // The program is ours.
  return JSON.parse(stdout) as ConfigCosts;
}

function describeCosts(costs: ReadonlyMap<ConfigSubject, readonly ConfigCosts[]>) {
  const sums = new Set([...costs.values()].flat().map(({ sum }) => sum));
  if (sums.size !== 1) throw new Error(`Subjects disagree: their answers sum up to ${[...sums].join(' and ')}.`);
  const rows = [...costs].map(([subject, measured]) => ({
    subject,
    ns: median(measured.map(({ ns }) => ns)),
    bytes: median(measured.map(({ bytes }) => bytes)),
  }));
  const reads = (costs.get('sluice') ?? []).flatMap(({ read }) => read ?? []);
  const read = {
    getNs: median(reads.map(({ getNs }) => getNs)),
    propertyNs: median(reads.map(({ propertyNs }) => propertyNs)),
    addedNs: median(reads.map(({ getNs, propertyNs }) => getNs - propertyNs)),
    bytes: median(reads.map(({ bytes }) => bytes)),
  };
  const [ours, launchdarkly, flagd] = rows;
  return {
    rows: [...rows, { subject: 'sluice, get()', ...read }],
    measures: {
      'get(): ns over a property read': read.addedNs,
      'get(): bytes': read.bytes,
      'get(context) with three rules: ns': ours?.ns ?? Number.NaN,
      'get(context) with three rules: bytes': ours?.bytes ?? Number.NaN,
      'get(context): times faster than launchdarkly': (launchdarkly?.ns ?? Number.NaN) / (ours?.ns ?? Number.NaN),
      'get(context): times faster than flagd': (flagd?.ns ?? Number.NaN) / (ours?.ns ?? Number.NaN),
    },
    tables: [
      {
        title: 'A number with three rules, for a context',
        header: ['', 'ns', 'bytes'],
        rows: rows.map(({ subject, ns, bytes }) => [subject, formatNumber(ns), formatNumber(bytes)]),
      },
      {
        title: 'The value for the process',
        header: ['', 'ns', 'bytes'],
        rows: [
          ['get()', formatNumber(read.getNs), formatNumber(read.bytes)],
          ['a property', formatNumber(read.propertyNs), '0'],
        ],
      },
    ],
  };
}
