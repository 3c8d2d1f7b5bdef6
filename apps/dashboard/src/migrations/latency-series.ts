import type { MigrationTelemetryView } from '@sluice/api-client';

type Store = MigrationTelemetryView['stores'][number];
export type Operation = Store['operation'];
type Side = Store['side'];

export interface SidesOverTime {
  readonly times: readonly number[];
  readonly old: readonly (number | null)[];
  readonly new: readonly (number | null)[];
}

/** How long 99 of 100 calls of an operation took at most, on both sides at the same times; null: there was no call. */
export function listP99(series: MigrationTelemetryView['series'], operation: Operation): SidesOverTime {
  const found = series.filter((point) => point.operation === operation);
  const times = [...new Set(found.map(({ at }) => at))].toSorted((one, other) => one - other);
  const values = (side: Side) => {
    const byTime = new Map(found.filter((point) => point.side === side).map(({ at, p99Ms }) => [at, p99Ms]));
    return times.map((at) => byTime.get(at) ?? null);
  };
  return { times, old: values('old'), new: values('new') };
}
