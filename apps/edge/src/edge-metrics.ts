import type { Relay, StreamKeeper, WorkerPool } from '@sluice/delivery';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** What Prometheus may ask of an edge. It knows environments by their ids only. */
export function createEdgeMetrics(
  relay: Relay,
  keeper: Pick<StreamKeeper, 'dropped'>,
  pool: Pick<WorkerPool, 'listCounts'> | undefined,
): Registry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'sluice_edge_upstream_up',
    help: '1 while the link to what is above is up',
    registers,
    collect() {
      this.set(relay.upstream.isUp ? 1 : 0);
    },
  });
  new Gauge({
    name: 'sluice_instances',
    help: 'instances behind this edge that report, or that we know of by what they ask for',
    registers,
    collect() {
      this.set(relay.fleet.size);
    },
  });
  new Gauge({
    name: 'sluice_environment_version',
    help: 'version that is served',
    labelNames: ['environment_id'],
    registers,
    collect() {
      this.reset();
      for (const [id, { selector }] of relay.channels) this.set({ environment_id: id }, selector.version);
    },
  });
  new Gauge({
    name: 'sluice_streams',
    help: 'open streams of SDKs',
    labelNames: ['environment_id', 'protocol'],
    registers,
    collect() {
      this.reset();
      for (const [id, { subscribers }] of relay.channels) {
        for (const { protocol } of subscribers) this.inc({ environment_id: id, protocol });
      }
      for (const { streams } of pool?.listCounts() ?? []) {
        for (const [id, counts] of Object.entries(streams)) {
          for (const [protocol, count] of Object.entries(counts)) this.inc({ environment_id: id, protocol }, count);
        }
      }
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
  return registry;
}
