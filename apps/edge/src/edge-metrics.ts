import type { Relay, StreamKeeper, WorkerPool } from '@sluice/delivery';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** What Prometheus may ask of an edge. */
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
    labelNames: ['environment'],
    registers,
    collect() {
      this.reset();
      for (const [environment, { selector }] of relay.channels) this.set({ environment }, selector.version);
    },
  });
  new Gauge({
    name: 'sluice_streams',
    help: 'open streams of SDKs',
    labelNames: ['environment', 'protocol'],
    registers,
    collect() {
      this.reset();
      for (const [environment, { subscribers }] of relay.channels) {
        for (const { protocol } of subscribers) this.inc({ environment, protocol });
      }
      for (const { streams } of pool?.listCounts() ?? []) {
        for (const [environment, counts] of Object.entries(streams)) {
          for (const [protocol, count] of Object.entries(counts)) this.inc({ environment, protocol }, count);
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
