import type { StreamKeeper, WorkerPool } from '@sluice/delivery';
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';
import type { ChannelRegistry } from './channels/channel-registry.ts';
import type { EvaluationRecorder } from './evaluations/evaluation-recorder.ts';
import type { FleetRegistry } from './fleet/fleet-registry.ts';
import type { EnvironmentLabels } from './projects/environment-labels.ts';
import type { Leadership } from './replicas/leadership.ts';
import type { TrippedValve } from './valves/valve-queries.ts';

/** What Prometheus may ask of the server. */
export interface Metrics {
  readonly registry: Registry;
  /** Requests to the management API, by route and status. */
  readonly requests: Histogram<'method' | 'route' | 'status'>;
  readonly changes: Counter;
  readonly eventBatches: Counter;
}

export interface MetricsParts {
  readonly channels: ChannelRegistry;
  readonly fleet: Pick<FleetRegistry, 'list'>;
  readonly keeper: Pick<StreamKeeper, 'dropped'>;
  readonly pool: Pick<WorkerPool, 'listCounts'> | undefined;
  readonly leadership: Pick<Leadership, 'isLeading'>;
  readonly evaluations: Pick<EvaluationRecorder, 'dropped'>;
  readonly labelsOf: (environmentId: string) => Promise<EnvironmentLabels>;
  /** Undefined: nobody knows at the moment. */
  readonly listTrippedValves: () => Promise<readonly TrippedValve[] | undefined>;
}

/** How long a probe takes to an instance, and its answer back. */
export function createPropagation(registry: Registry): Histogram {
  return new Histogram({
    name: 'sluice_propagation_seconds',
    help: 'from sending a probe to an answer of an instance, measured all the time',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
}

export function createMetrics(registry: Registry, parts: MetricsParts): Metrics {
  const { channels, fleet, keeper, pool, leadership, evaluations, labelsOf, listTrippedValves } = parts;
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'sluice_instances',
    help: 'instances of the fleet by how they are: connected, lost (their lease has not ended yet) or gone',
    labelNames: ['project', 'environment', 'contact'],
    registers,
    async collect() {
      this.reset();
      for (const [id, { instances }] of fleet.list()) {
        const labels = await labelsOf(id);
        for (const { contact } of instances) this.inc({ ...labels, contact: contact.kind });
      }
    },
  });
  new Gauge({
    name: 'sluice_streams',
    help: 'open streams of SDKs',
    labelNames: ['project', 'environment', 'protocol'],
    registers,
    async collect() {
      this.reset();
      for (const [id, { subscribers }] of await channels.list()) {
        const labels = await labelsOf(id);
        for (const { protocol } of subscribers) this.inc({ ...labels, protocol });
      }
      for (const { streams } of pool?.listCounts() ?? []) {
        for (const [id, counts] of Object.entries(streams)) {
          const labels = await labelsOf(id);
          for (const [protocol, count] of Object.entries(counts)) this.inc({ ...labels, protocol }, count);
        }
      }
    },
  });
  new Gauge({
    name: 'sluice_environment_version',
    help: 'version of the last change that is published',
    labelNames: ['project', 'environment'],
    registers,
    async collect() {
      for (const [id, { selector }] of await channels.list()) this.set({ ...(await labelsOf(id)) }, selector.version);
    },
  });
  new Gauge({
    name: 'sluice_streams_dropped',
    help: 'streams ended because their clients read nothing, since the start',
    registers,
    collect() {
      this.set(keeper.dropped + (pool?.listCounts() ?? []).reduce((sum, { dropped }) => sum + dropped, 0));
    },
  });
  new Gauge({
    name: 'sluice_evaluation_counters_dropped',
    help: 'counters of evaluations from SDKs that were not kept because there were too many, since the start',
    registers,
    collect() {
      this.set(evaluations.dropped);
    },
  });
  new Gauge({
    name: 'sluice_leader',
    help: '1 on the server that does what is done once for all servers of a database, 0 on others',
    registers,
    collect() {
      this.set(leadership.isLeading ? 1 : 0);
    },
  });
  new Gauge({
    name: 'sluice_valve_tripped',
    help: '1 for each mode but the normal one that a valve serves to some or all',
    labelNames: ['project', 'environment', 'valve', 'mode'],
    registers,
    async collect() {
      const tripped = await listTrippedValves();
      if (tripped === undefined) return;
      this.reset();
      for (const { project, environment, valve, modes } of tripped)
        for (const mode of modes) this.set({ project, environment, valve, mode }, 1);
    },
  });
  new Gauge({
    name: 'sluice_valve_overdue',
    help: 'trips of a valve that should have been restored by now',
    labelNames: ['project', 'environment', 'valve'],
    registers,
    async collect() {
      const tripped = await listTrippedValves();
      if (tripped === undefined) return;
      this.reset();
      for (const { project, environment, valve, overdue } of tripped)
        if (overdue > 0) this.set({ project, environment, valve }, overdue);
    },
  });
  return {
    registry,
    requests: new Histogram({
      name: 'sluice_api_request_seconds',
      help: 'time to answer requests to the management API',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    changes: new Counter({ name: 'sluice_changes_total', help: 'changes that were applied', registers }),
    eventBatches: new Counter({ name: 'sluice_event_batches_total', help: 'batches of events from SDKs', registers }),
  };
}
