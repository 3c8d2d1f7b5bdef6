import type { ConfigInForceView } from '@sluice/api-client';
import { type Context, createEvaluation, type Detail, evaluate, type Ruleset } from '@sluice/engine';
import { ownContext } from '../evaluations/explain.ts';
import type { FleetRecord } from './fleet-record.ts';
import { type Instance, nameOf } from './instance.ts';

type Exception = ConfigInForceView['exceptions'][number];

/** The config as SDKs get it. */
interface AskedConfig {
  readonly flag: string;
  readonly epoch: string;
  /** Of the environment, that last altered the config. */
  readonly version: number;
  /** Undefined: it is archived, and every instance goes by its code. */
  readonly compiled: ReturnType<Ruleset<undefined>['findCompiled']>;
}

const namesTold = 20;
const groupsTold = 100;
const kinds: readonly Exception['kind'][] = ['refused', 'other', 'behind', 'offline'];

/** What instances have of a config, and who has something else than its layers say. */
export function describeInForce({ instances }: FleetRecord, config: AskedConfig): ConfigInForceView {
  const live = instances.filter(({ isForeign, contact }) => !isForeign && contact.kind !== 'gone');
  const values = new Map<string | undefined, number>();
  const layers = new Map<string | undefined, number>();
  const exceptions = new Map<string, Exception>();
  for (const instance of live) {
    const value = instance.configs.find(({ key }) => key === config.flag)?.value;
    const detail = decide(config, instance);
    const { reason } = detail ?? {};
    const layer = reason?.kind === 'RULE_MATCH' ? reason.ruleId : undefined;
    values.set(value, (values.get(value) ?? 0) + 1);
    // Whoever told of no value does not hold the config.
    if (value !== undefined) layers.set(layer, (layers.get(layer) ?? 0) + 1);
    noteException(exceptions, instance, { ...findException(config, instance, value, detail), value });
  }
  return {
    flag: config.flag,
    version: config.version,
    instances: live.length,
    values: byCount(values).map(([value, count]) => ({ ...(value !== undefined && { value }), instances: count })),
    layers: byCount(layers).map(([override, count]) => ({
      ...(override !== undefined && { override }),
      instances: count,
    })),
    exceptions: [...exceptions.values()]
      .sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || b.instances - a.instances)
      .slice(0, groupsTold),
  };
}

/** As the process decides outside of any request: by what it is. */
function decide({ compiled }: AskedConfig, { key, arrival }: Instance): Detail | undefined {
  if (compiled === undefined) return undefined;
  const context: Context = { ...arrival.about, kind: 'instance', key };
  return evaluate(compiled, createEvaluation({ context: undefined, ambient: [context, ownContext] })).detail;
}

function findException(
  { flag, epoch, version }: AskedConfig,
  instance: Instance,
  value: string | undefined,
  detail: Detail | undefined,
): Pick<Exception, 'kind' | 'reason'> | undefined {
  // The newest form that it refused comes first.
  const refused = instance.refused.find(({ kind, key }) => kind === 'flag' && key === flag);
  const reason = refused?.reason ?? instance.problem;
  if (reason !== undefined) return { kind: 'refused', reason };
  if (instance.contact.kind === 'lost') return { kind: 'offline' };
  if (instance.epoch !== epoch || instance.version < version) return { kind: 'behind' };
  // Of long values only a hash is told; whoever told of none does not use it.
  const isTold = value !== undefined && !value.startsWith('sha256:');
  if (isTold && detail?.variation !== undefined && value !== JSON.stringify(detail.value)) return { kind: 'other' };
  return undefined;
}

function noteException(
  groups: Map<string, Exception>,
  instance: Instance,
  { kind, reason, value }: Partial<Pick<Exception, 'kind' | 'reason'>> & { readonly value: string | undefined },
): void {
  if (kind === undefined) return;
  const id = JSON.stringify([kind, reason, value]);
  const { instances, names } = groups.get(id) ?? { instances: 0, names: [] };
  groups.set(id, {
    kind,
    ...(reason !== undefined && { reason }),
    ...(value !== undefined && { value }),
    instances: instances + 1,
    names: names.length < namesTold ? [...names, nameOf(instance)] : names,
  });
}

function byCount<K>(counts: ReadonlyMap<K, number>): readonly (readonly [K, number])[] {
  return [...counts].sort(([, a], [, b]) => b - a);
}
