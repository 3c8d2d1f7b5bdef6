import { mostNames, otherName, type SubjectTally } from '@sluice/protocol';
import { Counter, type Registry } from 'prom-client';
import type { EnvironmentLabels } from '../projects/environment-labels.ts';

/** What Prometheus may ask about telemetry. */
export interface TelemetryMetrics {
  readonly dropped: Counter<'reason'>;
  /** Adds what was counted of a valve. */
  readonly countValveCalls: (environmentId: string, tally: SubjectTally) => void;
}

/** Why something of what SDKs sent is not kept; all are told from the start, so that a first one is seen to be one. */
const reasons = ['late', 'malformed', 'unknown-flag', 'too-many'] as const;

export function createTelemetryMetrics(
  registry: Registry,
  labelsOf: (environmentId: string) => Promise<EnvironmentLabels>,
): TelemetryMetrics {
  const registers = [registry];
  const dropped = new Counter({
    name: 'sluice_telemetry_dropped_total',
    help: 'what SDKs sent and is not kept: late windows, malformed parts, parts about flags that there are none of, calls beyond what is told apart',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of reasons) dropped.inc({ reason }, 0);
  const calls = new Counter({
    name: 'sluice_valve_calls_total',
    help: 'calls through valves that SDKs reported to this server',
    labelNames: ['project', 'environment', 'valve', 'mode', 'cause', 'outcome'],
    registers,
  });
  /** Names of modes come from callers: of each valve so many are told apart. */
  const modes = new Map<string, Set<string>>();
  function admitMode(valve: string, mode: string): string {
    const known = modes.get(valve) ?? new Set();
    modes.set(valve, known);
    if (!known.has(mode) && known.size >= mostNames) return otherName;
    known.add(mode);
    return mode;
  }
  async function count(environmentId: string, tally: SubjectTally): Promise<void> {
    const labels = await labelsOf(environmentId);
    for (const [mode, cause, outcome, durations] of tally.list()) {
      const admitted = admitMode(`${environmentId}/${tally.key}`, mode);
      calls.inc({ ...labels, valve: tally.key, mode: admitted, cause, outcome }, durations.count);
    }
  }
  // Labels are found, or made up, in any case.
  return { dropped, countValveCalls: (environmentId, tally) => void count(environmentId, tally) };
}
