import type { ValveReachView } from '@sluice/api-client';
import type { Clause } from '@sluice/authoring';
import type { Channel } from '@sluice/delivery';
import { type Context, createEvaluation, evaluate } from '@sluice/engine';
import { ownContext } from '../evaluations/explain.ts';
import { createRulesetOf } from '../evaluations/ruleset-of.ts';
import type { FleetRecord } from '../fleet/fleet-record.ts';
import { type Instance, nameOf } from '../fleet/instance.ts';

type Lack = ValveReachView['lacks'][number];

interface AskedValve {
  readonly key: string;
  /** The mildest first. */
  readonly modes: readonly string[];
  readonly isConcerned: (instance: Instance) => boolean;
}

const told = 20;

/** Which instances have a valve in their code, whom of these a scope concerns, and which modes these lack. */
export function describeValveReach({ instances }: FleetRecord, asked: AskedValve): ValveReachView {
  const live = instances.filter(({ isForeign, contact }) => !isForeign && contact.kind !== 'gone');
  const having = live.filter(({ valves }) => valves.some(({ key }) => key === asked.key));
  const concerned = having.filter(asked.isConcerned);
  const builds = new Map<string, number>();
  const lacks = new Map<string, Lack>();
  for (const instance of concerned) {
    const build = buildOf(instance);
    if (build !== undefined) builds.set(build, (builds.get(build) ?? 0) + 1);
    for (const lacked of instance.valves.find(({ key }) => key === asked.key)?.lacks ?? []) {
      const id = JSON.stringify([lacked.mode, lacked.instead]);
      const known = lacks.get(id) ?? { ...lacked, instances: 0, names: [], builds: [] };
      lacks.set(id, {
        ...known,
        instances: known.instances + 1,
        names: addTo(known.names, nameOf(instance)),
        builds: addTo(known.builds, build),
      });
    }
  }
  return {
    instances: having.length,
    concerned: concerned.length,
    others: live.length - having.length,
    builds: [...builds]
      .sort(([, some], [, others]) => others - some)
      .slice(0, told)
      .map(([build, count]) => ({ build, instances: count })),
    // A mode that the flag does not have any more, or not yet, cannot be served.
    lacks: asked.modes.flatMap((mode) =>
      [...lacks.values()].filter((lack) => lack.mode === mode).sort((a, b) => b.instances - a.instances),
    ),
  };
}

function buildOf({ arrival }: Instance): string | undefined {
  const { version } = arrival.about;
  return version === undefined ? undefined : String(version);
}

function addTo(list: readonly string[], text: string | undefined): readonly string[] {
  return text === undefined || list.includes(text) || list.length >= told ? list : [...list, text];
}

/** Whether a trip concerns an instance at all: only what it asks of instances can keep one out. */
export function createScopeTest(when: readonly Clause[], channel: Channel): (instance: Instance) => boolean {
  const clauses = when
    .filter(({ contextKind }) => contextKind === 'instance')
    .map((clause) => ({ attribute: 'key', negate: false, ...clause }));
  const key = 'scope';
  const flag = {
    key,
    version: 1,
    on: true,
    variations: [true],
    offVariation: null,
    rules: [{ clauses, variation: 0 }],
  };
  const ruleset = createRulesetOf([key], (object) =>
    object.kind === 'flag' ? JSON.stringify(flag) : channel.log.find(object.kind, object.key)?.json,
  );
  const compiled = ruleset.findCompiled(key);
  return (instance) => {
    if (compiled === undefined || clauses.length === 0) return true;
    const context: Context = { ...instance.arrival.about, kind: 'instance', key: instance.key };
    return evaluate(compiled, createEvaluation({ context, ambient: [ownContext] })).detail.reason.kind === 'RULE_MATCH';
  };
}
