import { GCProfiler } from 'node:v8';
import type { Scenario } from './scenarios.ts';
import type { Subject } from './subject.ts';

/** Evaluates for everybody so many times; how often the counted answer came back. */
export type Run = (passes: number) => number | Promise<number>;

/**
 * The loop that is measured. It is the same for every subject, and a process holds only one of them, so that what it
 * calls is inlined as in a program that uses one SDK.
 */
export function createRun<Context>(subject: Subject<Context>, scenario: Scenario, contexts: readonly Context[]): Run {
  const { name, defaultValue, counted } = scenario;
  if (subject.kind === 'synchronous') {
    const { ask } = subject;
    return (passes) => {
      let count = 0;
      for (let pass = 0; pass < passes; pass++) {
        for (const context of contexts) if (ask(name, context, defaultValue) === counted) count++;
      }
      return count;
    };
  }
  const { ask } = subject;
  return async (passes) => {
    let count = 0;
    for (let pass = 0; pass < passes; pass++) {
      for (const context of contexts) if ((await ask(name, context, defaultValue)) === counted) count++;
    }
    return count;
  };
}

/** How long is measured. */
export interface Effort {
  readonly warmUpMs: number;
  /** One sample takes so long, but at least one pass. */
  readonly sampleMs: number;
  readonly samples: number;
  /** Allocations are counted over so many passes, or fewer of a subject that is slow. */
  readonly countedPasses: number;
}

/** Runs until the engine has optimised what it will; returns how long one pass takes in the end, in milliseconds. */
export async function warmUp(run: Run, { warmUpMs }: Effort): Promise<number> {
  const startedAt = performance.now();
  let passMs = Number.POSITIVE_INFINITY;
  do {
    const passStartedAt = performance.now();
    await run(1);
    passMs = Math.min(passMs, performance.now() - passStartedAt);
  } while (performance.now() - startedAt < warmUpMs);
  return passMs;
}

/** Nanoseconds per evaluation: the median of some samples. What SDKs do in the background happens between samples. */
export async function time(run: Run, perPass: number, passMs: number, effort: Effort): Promise<number> {
  const passes = Math.max(1, Math.round(effort.sampleMs / passMs));
  const samples: number[] = [];
  // A slow subject has few samples, as each is long already.
  const mostMs = effort.sampleMs * effort.samples;
  const startedAt = performance.now();
  do {
    await turn();
    const sampleStartedAt = performance.now();
    await run(passes);
    samples.push(((performance.now() - sampleStartedAt) * 1e6) / (passes * perPass));
  } while (samples.length < effort.samples && performance.now() - startedAt < mostMs);
  return median(samples);
}

/**
 * Bytes allocated per evaluation: by how much the heap grew, garbage collections in between added up. Needs
 * `--expose-gc`. Nothing that SDKs do in the background is part of it, as the event loop does not turn.
 */
export async function countBytes(run: Run, perPass: number, passMs: number, effort: Effort): Promise<number> {
  const passes = Math.max(1, Math.min(effort.countedPasses, Math.round(1000 / passMs)));
  await turn();
  globalThis.gc?.();
  const profiler = new GCProfiler();
  profiler.start();
  let before = process.memoryUsage().heapUsed;
  await run(passes);
  const after = process.memoryUsage().heapUsed;
  let allocated = 0;
  for (const { beforeGC, afterGC } of profiler.stop()?.statistics ?? []) {
    allocated += beforeGC.heapStatistics.usedHeapSize - before;
    before = afterGC.heapStatistics.usedHeapSize;
  }
  return (allocated + after - before) / (passes * perPass);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((first, second) => first - second);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  return (low + high) / 2;
}

/** Lets timers and connections have their turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
