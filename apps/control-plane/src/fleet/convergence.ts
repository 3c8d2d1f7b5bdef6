import type { ConvergenceView, InstanceState, StragglerView } from '@sluice/api-client';
import type { FleetRecord } from './fleet-record.ts';
import { describeRefusal, type Instance, nameOf } from './instance.ts';
import { delayOf, type Track, wasThere } from './track.ts';

/** A connected instance that has not answered for so long is late. */
const staleMs = 2000;
const curvePoints = 50;
const stragglersTold = 100;
const refusalsTold = 20;
const examplesTold = 3;

/** The version in question, and what is remembered of it. */
export interface Question {
  readonly epoch: string;
  readonly version: number;
  /** By the monotonic clock. */
  readonly now: number;
}

export type Reach = Omit<ConvergenceView, 'change' | 'environment' | 'outcome'>;

/** How far a version has got among the instances that were there when it was made. */
export function describeReach(fleet: FleetRecord, question: Question): Reach {
  const track = fleet.findTrack(question.version);
  const { own, late, foreign } = sortInstances(fleet.instances, track);
  const states = own.map((instance) => ({ instance, state: stateOf(instance, question, track) }));
  const there = states.filter(({ state }) => state !== 'gone');
  const counts: Record<InstanceState, number> = countStates(states.map(({ state }) => state));
  counts.gone += track?.forgotten ?? 0;
  const delays = listDelays(there, track);
  const behind = there.filter(({ state }) => state !== 'accepted');
  return {
    version: question.version,
    expected: there.length,
    ...counts,
    late: {
      expected: late.length,
      accepted: late.filter((one) => stateOf(one, question, track) === 'accepted').length,
    },
    share: there.length === 0 ? 1 : counts.accepted / there.length,
    ...(track !== undefined && {
      elapsedMs: Math.round(question.now - track.publishedAt),
      reachedMs: describeTimes(delays, there.length),
      curve: drawCurve(delays, there.length),
    }),
    stragglers: behind.slice(0, stragglersTold).map((one) => describeStraggler(one, question)),
    refusals: groupRefusals(behind, question),
    foreign: {
      expected: foreign.length,
      delivered: foreign.filter(({ delivered, inferred }) => Math.max(delivered, inferred) >= question.version).length,
      inferred: foreign.filter(({ inferred }) => inferred >= question.version).length,
    },
  };
}

/** What an instance has made of a version. */
export function stateOf(
  instance: Instance,
  { epoch, version, now }: Question,
  track: Track | undefined,
): InstanceState {
  const { contact, problem, refused } = instance;
  if (contact.kind === 'gone') return 'gone';
  if (instance.epoch === epoch && instance.version >= version) {
    return refused.some((object) => object.version === version) ? 'partial' : 'accepted';
  }
  if (contact.kind === 'lost') return 'offline';
  if (problem !== undefined) return 'refused';
  if (instance.arrival.via === 'poll') return 'polling';
  return track !== undefined && now - track.publishedAt > staleMs ? 'stale' : 'pending';
}

interface Sorted {
  /** Those that are expected to have the change. */
  readonly own: readonly Instance[];
  /** Those that came later. */
  readonly late: readonly Instance[];
  readonly foreign: readonly Instance[];
}

/** Of a change that is not tracked any more nobody knows who was there; whoever is there now counts. */
function sortInstances(instances: readonly Instance[], track: Track | undefined): Sorted {
  const [own, late, foreign]: Instance[][] = [[], [], []];
  for (const instance of instances) {
    const isExpected = track === undefined ? instance.contact.kind !== 'gone' : wasThere(track, instance.index);
    if (instance.isForeign) {
      if (isExpected && instance.contact.kind !== 'gone') foreign?.push(instance);
    } else if (isExpected) own?.push(instance);
    else if (instance.contact.kind !== 'gone') late?.push(instance);
  }
  return { own: own ?? [], late: late ?? [], foreign: foreign ?? [] };
}

function countStates(states: readonly InstanceState[]): Record<InstanceState, number> {
  const counts = { accepted: 0, partial: 0, refused: 0, pending: 0, stale: 0, polling: 0, offline: 0, gone: 0 };
  for (const state of states) counts[state]++;
  return counts;
}

interface Judged {
  readonly instance: Instance;
  readonly state: InstanceState;
}

/** Rising; only of those that have it. */
function listDelays(judged: readonly Judged[], track: Track | undefined): Float64Array {
  if (track === undefined) return new Float64Array();
  const delays = judged.flatMap(({ instance, state }) =>
    state === 'accepted' ? (delayOf(track, instance.index) ?? []) : [],
  );
  return Float64Array.from(delays).sort();
}

function describeTimes(delays: Float64Array, expected: number): NonNullable<ConvergenceView['reachedMs']> {
  const reach = (share: number): number | undefined => (expected === 0 ? 0 : delays[Math.ceil(share * expected) - 1]);
  const times = Object.entries({ half: reach(0.5), most: reach(0.99), all: reach(1) });
  return Object.fromEntries(times.flatMap(([name, ms]) => (ms === undefined ? [] : [[name, round(ms)]])));
}

/** Which share had it after how long, in as many steps as one can see. */
function drawCurve(delays: Float64Array, expected: number): readonly { readonly ms: number; readonly share: number }[] {
  const points = Math.min(curvePoints, delays.length);
  return Array.from({ length: points }, (_, at) => {
    const count = Math.round(((at + 1) / points) * delays.length);
    return { ms: round(delays[count - 1] ?? 0), share: count / expected };
  });
}

function describeStraggler({ instance, state }: Judged, { epoch, now }: Question): StragglerView {
  const { arrival, version, heardAt } = instance;
  const reason = describeRefusal(instance);
  return {
    instance: nameOf(instance),
    state,
    ...(instance.epoch === epoch && version > 0 && { version }),
    sdk: arrival.sdk,
    about: arrival.about,
    ...(arrival.through !== undefined && { through: arrival.through }),
    heardMsAgo: Math.round(now - heardAt),
    ...(reason !== '' && { reason }),
  };
}

/** Who refused for the same reason, the most frequent first. */
function groupRefusals(behind: readonly Judged[], { version }: Question): ConvergenceView['refusals'] {
  const groups = new Map<string, string[]>();
  for (const { instance, state } of behind) {
    if (state !== 'partial' && state !== 'refused') continue;
    const reasons =
      state === 'refused'
        ? [instance.problem ?? '']
        : instance.refused
            .filter((object) => object.version === version)
            .map(({ kind, key, reason }) => `${kind} ${key}: ${reason}`);
    for (const reason of reasons) groups.set(reason, [...(groups.get(reason) ?? []), nameOf(instance)]);
  }
  return [...groups]
    .map(([reason, names]) => ({ reason, instances: names.length, examples: names.slice(0, examplesTold) }))
    .sort((a, b) => b.instances - a.instances)
    .slice(0, refusalsTold);
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
