const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A resolution in which telemetry is kept. */
export interface TelemetryLevel {
  readonly periodMs: number;
  readonly keptMs: number;
}

export const finest: TelemetryLevel = { periodMs: 10 * secondMs, keptMs: hourMs };

/** From fine to coarse: what was written in one is added up in the next as soon as a period of that is over. */
export const levels: readonly TelemetryLevel[] = [
  finest,
  { periodMs: minuteMs, keptMs: 48 * hourMs },
  { periodMs: hourMs, keptMs: 90 * dayMs },
  // For what is looked at without a curve: months of 500 routes by the hour are a million rows.
  { periodMs: dayMs, keptMs: 90 * dayMs },
];

/** The finest level that goes back so far, with no more than `mostPeriods` until now. */
export function findLevel(windowMs: number, mostPeriods: number): TelemetryLevel {
  const level = levels.find(({ periodMs, keptMs }) => windowMs <= keptMs && windowMs / periodMs <= mostPeriods);
  return level ?? levels.at(-1) ?? finest;
}

/** When the period began in which something was. */
export function startOf({ periodMs }: TelemetryLevel, at: number): number {
  return at - (at % periodMs);
}
