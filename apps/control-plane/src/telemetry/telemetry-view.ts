import type {
  ComparisonCounts,
  ConfigTelemetryView,
  LatencyView,
  MigrationTelemetryView,
  ProvidersTelemetryView,
  RouteTelemetryView,
  ValveTelemetryView,
} from '@sluice/api-client';
import {
  type ComparisonEvent,
  comparisonEvents,
  migrationOperations,
  type SubjectKind,
  SubjectTally,
  storeEventNames,
} from '@sluice/protocol';
import { Histogram, type TopKeys } from '@sluice/stats';
import type { CountedPeriod } from './telemetry-queries.ts';

/** Undefined, here and below: nothing was counted. */
export function toValveView(counted: readonly CountedPeriod[]): ValveTelemetryView | undefined {
  const sum = sumOf('valve', counted);
  if (sum === undefined) return undefined;
  return {
    calls: sortCells(sum).map(([mode, cause, outcome, { count }]) => ({ mode, cause, outcome, count })),
    modes: latencies(sum).map(({ name, ...latency }) => ({ mode: name, ...latency })),
    accounts: toTop(sum.accounts).map(({ key, ...rest }) => ({ account: key, ...rest })),
    routes: toTop(sum.routes).map(({ key, ...rest }) => ({ route: key, ...rest })),
    series: seriesOf('valve', counted).flatMap(([at, tally]) =>
      latencies(tally).map(({ name, ...latency }) => ({ at, mode: name, ...latency })),
    ),
  };
}

export function toProvidersView(counted: readonly CountedPeriod[]): ProvidersTelemetryView | undefined {
  const sum = sumOf('providers', counted);
  if (sum === undefined) return undefined;
  return {
    sends: sortCells(sum).map(([provider, outcome, , { count }]) => ({ provider, outcome, count })),
    providers: latencies(sum).map(({ name, ...latency }) => ({ provider: name, ...latency })),
    series: seriesOf('providers', counted).flatMap(([at, tally]) =>
      latencies(tally).map(({ name, ...latency }) => ({ at, provider: name, ...latency })),
    ),
  };
}

export function toConfigView(counted: readonly CountedPeriod[]): ConfigTelemetryView | undefined {
  const sum = sumOf('config', counted);
  if (sum === undefined) return undefined;
  return {
    refusals: sortCells(sum).map(([reason, , , { count }]) => ({ reason, count })),
    series: seriesOf('config', counted).map(([at, tally]) => ({ at, count: totalOf(tally).count })),
  };
}

export function toMigrationView(counted: readonly CountedPeriod[]): MigrationTelemetryView | undefined {
  const sum = sumOf('migration', counted);
  if (sum === undefined) return undefined;
  const places = [...Map.groupBy(sortCells(sum), ([cohort, stage]) => `${cohort} ${stage}`).values()];
  const inPlaces = places.flatMap((cells) => {
    const [first] = cells;
    return first === undefined ? [] : [{ place: { cohort: first[0], stage: first[1] }, cells }];
  });
  return {
    calls: inPlaces.flatMap(({ place, cells }) => toStores(cells).map((store) => ({ ...place, ...store }))),
    stores: toStores([...sum.list()]),
    comparisons: inPlaces.flatMap(({ place, cells }) =>
      cells.some(([, , event]) => isComparison(event)) ? [{ ...place, ...countComparisons(cells) }] : [],
    ),
    compared: countComparisons([...sum.list()]),
    series: seriesOf('migration', counted).flatMap(([at, tally]) =>
      toStores([...tally.list()]).map((store) => ({ at, ...store })),
    ),
  };
}

/** What each store did, by operation. */
function toStores(cells: readonly Cell[]): MigrationTelemetryView['stores'] {
  return migrationOperations.flatMap((operation) =>
    (['old', 'new'] as const).flatMap((side) => {
      const { ok, failed } = storeEventNames[operation][side];
      const ofStore = cells.filter(([, , event]) => event === ok || event === failed);
      if (ofStore.length === 0) return [];
      return [{ operation, side, ...describeLatency('migration', ofStore, ([, , event]) => event === failed) }];
    }),
  );
}

export function countComparisons(cells: readonly Cell[]): ComparisonCounts {
  const count = (wanted: ComparisonEvent): number => {
    const ofEvent = cells.filter(([, , event]) => event === wanted);
    return ofEvent.reduce((sum, [, , , { count: more }]) => Math.min(sum + more, Number.MAX_SAFE_INTEGER), 0);
  };
  const [transient, persistent] = [count('transient'), count('persistent')];
  const compared = Math.min(count('equal') + transient + persistent, Number.MAX_SAFE_INTEGER);
  return {
    ...{ compared, transient, persistent },
    ...{ ignored: count('ignored'), dropped: count('dropped'), failed: count('failed') },
  };
}

/** Those with the most requests first. */
export function toRouteViews(routes: readonly SubjectTally[]): readonly RouteTelemetryView[] {
  const views = routes.map((tally) => {
    const accounts = toTop(tally.accounts).map(({ key, ...rest }) => ({ account: key, ...rest }));
    const methods = latencies(tally).map(({ name, ...latency }) => ({ method: name, ...latency }));
    const arms = latencies(tally, 2).flatMap(({ name, ...latency }) =>
      name === '' ? [] : [{ arm: name, ...latency }],
    );
    return { route: tally.key, ...describeLatency(tally.kind, [...tally.list()]), methods, arms, accounts };
  });
  return views.sort((one, other) => other.count - one.count || (one.route < other.route ? -1 : 1));
}

function sumOf(kind: SubjectKind, counted: readonly CountedPeriod[]): SubjectTally | undefined {
  const tallies = counted.map(({ tally }) => tally).filter((tally) => tally.kind === kind);
  const [first] = tallies;
  if (first === undefined) return undefined;
  const sum = new SubjectTally(kind, first.key);
  for (const tally of tallies) sum.merge(tally);
  return sum;
}

/** What was counted in each period, in order. */
function seriesOf(kind: SubjectKind, counted: readonly CountedPeriod[]): readonly [at: number, SubjectTally][] {
  const ofKind = counted.filter(({ tally }) => tally.kind === kind);
  const periods = [...Map.groupBy(ofKind, ({ start }) => start)].sort(([one], [other]) => one - other);
  return periods.flatMap(([at, ofPeriod]) => {
    const sum = sumOf(kind, ofPeriod);
    return sum === undefined ? [] : [[at, sum]];
  });
}

type Cell = ReturnType<SubjectTally['list']> extends Generator<infer T> ? T : never;

function sortCells(tally: SubjectTally): readonly Cell[] {
  return [...tally.list()].sort(([...one], [...other]) =>
    one.slice(0, 3).join('\0') < other.slice(0, 3).join('\0') ? -1 : 1,
  );
}

/** Of each first, or other, label: how many calls there were, how many of them failed, and how long they took. */
function latencies(tally: SubjectTally, label: 0 | 2 = 0): readonly (LatencyView & { readonly name: string })[] {
  const byName = [...Map.groupBy(tally.list(), (cell) => cell[label])].sort(([one], [other]) => (one < other ? -1 : 1));
  return byName.map(([name, cells]) => ({ name, ...describeLatency(tally.kind, cells) }));
}

function describeLatency(
  kind: SubjectKind,
  cells: readonly Cell[],
  // Of routes the third label is a name, which may be any.
  hasFailed: (cell: Cell) => boolean = ([, second, third]) => (kind === 'valve' ? third : second) === 'failed',
): LatencyView {
  const [all, failed] = [new Histogram(), new Histogram()];
  for (const cell of cells) {
    all.merge(cell[3]);
    if (hasFailed(cell)) failed.merge(cell[3]);
  }
  const at = (share: number): number => Math.round((all.quantile(share) ?? 0) * 1000) / 1000;
  return { count: all.count, failed: failed.count, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}

function isComparison(event: string): boolean {
  return comparisonEvents.some((each) => each === event);
}

function totalOf(tally: SubjectTally): Histogram {
  const all = new Histogram();
  for (const [, , , durations] of tally.list()) all.merge(durations);
  return all;
}

/** What `TopKeys` calls an error is none of the calls that are counted. */
function toTop(top: TopKeys | undefined) {
  return (top?.list() ?? []).map(({ error: overcountAtMost, ...each }) => ({ ...each, overcountAtMost }));
}
