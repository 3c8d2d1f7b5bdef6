/**
 * `migration-program.ts EFFORT`: reads and writes of records that move, by bare calls, by ours and by LaunchDarkly's
 * helper, in one process; prints what they cost, as JSON. Needs `--expose-gc`. Neither SDK sends events.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stage } from '@sluice/engine';
import { median, quantile } from '../quantile.ts';
import { createHungStores, createStores, keys } from './memory-stores.ts';
import { createBare, createLaunchDarkly, createSluice, type Subject, type SubjectName } from './subjects.ts';

export interface MigrationEffort {
  readonly rounds: number;
  /** Of one round, one after the other. */
  readonly operations: number;
  /** Reads of one sample whose p99 is taken. */
  readonly reads: number;
  /** Operations after which memory is looked at. */
  readonly hungOperations: number;
  /** How long LaunchDarkly's helper is waited for. */
  readonly waitMs: number;
}

/** Nanoseconds per operation. */
export interface OperationCost {
  readonly stage: Stage;
  readonly operation: Operation;
  readonly subject: SubjectName | 'sluice, journal on disk';
  readonly ns: number;
}

export interface HungCost {
  readonly stage: Stage;
  readonly bareP99Ms: number;
  readonly p99Ms: number;
  /** p99 of ours less that of bare calls: the median of nine pairs. */
  readonly addedP99Ms: number;
  /** By how much the heap grew. */
  readonly grownMb: number;
  /** Undefined: LaunchDarkly's helper had not answered a read by then. */
  readonly launchDarklyMs: number | undefined;
  readonly launchDarklyGrownMb: number;
}

export interface MigrationCosts {
  readonly operations: readonly OperationCost[];
  /** Appending a line to a file and bringing it to disk, which a write with its journal there does once. */
  readonly syncNs: number;
  readonly hung: readonly HungCost[];
}

type Operation = 'read' | 'write';

const pairs = 9;
/** Of one round. */
const syncs = 50;

async function measureStage(stage: Stage, effort: MigrationEffort): Promise<readonly OperationCost[]> {
  const stores = createStores();
  const subjects = [
    createBare(stores, stage),
    await createSluice(stores, stage),
    await createLaunchDarkly(stores, stage),
  ];
  const costs: OperationCost[] = [];
  for (const operation of ['read', 'write'] as const) {
    const samples = new Map(subjects.map(({ name }) => [name, [] as number[]]));
    for (let round = 0; round <= effort.rounds; round++) {
      // Each time another one first, as one pays for what the one before left to the collector.
      const first = round % subjects.length;
      for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)])
        samples.get(subject.name)?.push(await time(subject, operation, effort.operations));
    }
    // The first round warms up.
    for (const [subject, times] of samples) costs.push({ stage, operation, subject, ns: median(times.slice(1)) });
  }
  for (const subject of subjects) await subject.close();
  return costs;
}

async function time(subject: Subject, operation: Operation, count: number): Promise<number> {
  // What was left to timers by others is theirs.
  await turn();
  const startedAt = performance.now();
  for (let at = 0; at < count; at++) await operate(subject, operation, at);
  return ((performance.now() - startedAt) * 1e6) / count;
}

function operate(subject: Subject, operation: Operation, at: number): Promise<unknown> {
  const key = keys[at % keys.length] ?? '';
  return operation === 'read' ? subject.read(key) : subject.write(key, { total: at });
}

/** What writing to both sides costs where a crash must leave nothing: the record's key is on disk before. */
async function measureJournal(stage: Stage, { rounds, operations }: MigrationEffort) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-journal-'));
  const subject = await createSluice(createStores(), stage, join(folder, 'journal'));
  const file = await open(join(folder, 'bare'), 'a');
  const sync = async (): Promise<void> => {
    await file.appendFile('a line as long as those of a journal, more or less, with a key and a sum\n');
    await file.datasync();
  };
  const times: { readonly ns: number; readonly syncNs: number }[] = [];
  // In turns, as a disk is now faster and now slower; the first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const startedAt = performance.now();
    for (let at = 0; at < syncs; at++) await sync();
    const syncNs = ((performance.now() - startedAt) * 1e6) / syncs;
    times.push({ ns: await time(subject, 'write', Math.min(operations, syncs)), syncNs });
  }
  await file.close();
  await subject.close();
  rmSync(folder, { recursive: true, force: true });
  const measured = times.slice(1);
  const cost: OperationCost = {
    ...{ stage, operation: 'write', subject: 'sluice, journal on disk' },
    ns: median(measured.map(({ ns }) => ns)),
  };
  return { cost, syncNs: median(measured.map((each) => each.syncNs)) };
}

async function measureHung(stage: Stage, effort: MigrationEffort): Promise<HungCost> {
  const stores = createHungStores(stage);
  const [bare, sluice] = [createBare(stores, stage), await createSluice(stores, stage)];
  for (const subject of [bare, sluice]) await findP99(subject, effort.reads);
  const p99s: { readonly bare: number; readonly sluice: number }[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const [first, second] = pair % 2 === 0 ? [bare, sluice] : [sluice, bare];
    const measured = {
      [first.name]: await findP99(first, effort.reads),
      [second.name]: await findP99(second, effort.reads),
    };
    p99s.push({ bare: measured.bare ?? Number.NaN, sluice: measured.sluice ?? Number.NaN });
  }
  const grownMb = await measureGrowth(sluice, effort.hungOperations);
  await sluice.close();
  return {
    stage,
    bareP99Ms: median(p99s.map((each) => each.bare)),
    p99Ms: median(p99s.map((each) => each.sluice)),
    addedP99Ms: median(p99s.map((each) => each.sluice - each.bare)),
    grownMb,
    ...(await measureLaunchDarkly(stage, effort)),
  };
}

async function findP99(subject: Subject, reads: number): Promise<number> {
  await turn();
  const times: number[] = [];
  for (let at = 0; at < reads; at++) {
    const startedAt = performance.now();
    await operate(subject, 'read', at);
    times.push(performance.now() - startedAt);
    // So that comparisons, and what they time out, have their turns as in a server.
    if (at % 10 === 0) await turn();
  }
  return quantile(
    times.toSorted((a, b) => a - b),
    0.99,
  );
}

/** In MB: from when so many writes hang as may, and every record waits to be repaired. */
async function measureGrowth(subject: Subject, operations: number): Promise<number> {
  await Promise.all(Array.from({ length: 2 * keys.length }, (_, at) => operate(subject, 'write', at)));
  await runMixed(subject, operations / 10);
  const before = await heapBytes();
  await runMixed(subject, operations);
  return ((await heapBytes()) - before) / 2 ** 20;
}

async function runMixed(subject: Subject, operations: number): Promise<void> {
  for (let at = 0; at < operations; at++) {
    // Many at once, as those that find room at the other side wait for it.
    const batch = Array.from({ length: 50 }, (_, of) => operate(subject, of % 10 === 0 ? 'write' : 'read', at + of));
    at += batch.length - 1;
    await Promise.all(batch);
    await turn();
  }
}

/** Its reads do not end, so memory is that of a tenth of the reads, all at once; none is waited for. */
async function measureLaunchDarkly(
  stage: Stage,
  { hungOperations, waitMs }: MigrationEffort,
): Promise<Pick<HungCost, 'launchDarklyMs' | 'launchDarklyGrownMb'>> {
  const subject = await createLaunchDarkly(createHungStores(stage), stage);
  const startedAt = performance.now();
  const { promise: isOver, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, waitMs, undefined);
  const launchDarklyMs = await Promise.race([
    subject.read(keys[0] ?? '').then(() => performance.now() - startedAt),
    isOver,
  ]);
  clearTimeout(timer);
  const before = await heapBytes();
  const reads = Array.from({ length: hungOperations / 10 }, (_, at) => operate(subject, 'read', at));
  const launchDarklyGrownMb = ((await heapBytes()) - before) / 2 ** 20;
  void reads;
  await subject.close();
  return { launchDarklyMs, launchDarklyGrownMb };
}

async function heapBytes(): Promise<number> {
  await turn();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

// Whoever starts this program passes an effort.
const effort = JSON.parse(process.argv[2] ?? '') as MigrationEffort;
const operations: OperationCost[] = [];
for (const stage of ['off', 'rampdown', 'complete'] as const) operations.push(...(await measureStage(stage, effort)));
const { cost, syncNs } = await measureJournal('rampdown', effort);
operations.push(cost);
const hung = [await measureHung('shadow', effort), await measureHung('live', effort)];
console.log(JSON.stringify({ operations, syncNs, hung } satisfies MigrationCosts));
process.exit();
