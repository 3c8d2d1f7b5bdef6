import { countFleet, type Due, isBehind, isRefusing } from '../fleet/fleet-counts.ts';
import { type Instance, nameOf } from '../fleet/instance.ts';

/** Instances whose matter is one. */
export interface Group {
  instances: number;
  readonly names: string[];
  /** The lowest version that one of them lacks. */
  firstLacking: number;
}

export interface RefusedGroup extends Group {
  /** What they refuse; absent: all that they were sent. */
  readonly object: { readonly kind: 'flag' | 'segment'; readonly key: string } | undefined;
  readonly reason: string;
}

export interface ZoneCounts {
  instances: number;
  behind: number;
  has: number;
}

export interface Survey {
  readonly counts: ReturnType<typeof countFleet>;
  readonly refused: readonly RefusedGroup[];
  /** By zone; `undefined`: of those that told of none. */
  readonly behind: ReadonlyMap<string | undefined, Group>;
  readonly zones: ReadonlyMap<string | undefined, ZoneCounts>;
}

const namesTold = 20;
/** Whoever makes up reasons or zones is not to fill an answer: what comes after so many is not told apart. */
const groupsKept = 50;

/** Looks at every instance of ours once. */
export function surveyFleet(instances: readonly Instance[], due: Due, version: number): Survey {
  const refused = new Map<string, RefusedGroup>();
  const behind = new Map<string | undefined, Group>();
  const zones = new Map<string | undefined, ZoneCounts>();
  for (const instance of instances) {
    if (instance.isForeign || instance.contact.kind === 'gone') continue;
    const own = find(zones, zoneOf(instance), () => ({ instances: 0, behind: 0, has: 0 }));
    own.entry.instances++;
    const has = instance.epoch === due.epoch ? instance.version : 0;
    if (isRefusing(instance)) noteRefused(refused, instance, has);
    else if (isBehind(instance, due)) {
      own.entry.behind++;
      note(find(behind, own.name, () => createGroup({})).entry, instance, has + 1);
    } else if (has >= version) own.entry.has++;
  }
  return { counts: countFleet(instances, due), refused: [...refused.values()], behind, zones };
}

function zoneOf({ arrival }: Instance): string | undefined {
  const { zone } = arrival.about;
  return zone === undefined ? undefined : String(zone);
}

/** The entry of that name, or where there are too many that of no name. */
function find<T>(
  entries: Map<string | undefined, T>,
  wanted: string | undefined,
  create: () => T,
): { readonly name: string | undefined; readonly entry: T } {
  const name = entries.has(wanted) || entries.size < groupsKept ? wanted : undefined;
  const entry = entries.get(name) ?? create();
  entries.set(name, entry);
  return { name, entry };
}

function createGroup<More extends object>(more: More): Group & More {
  return { instances: 0, names: [], firstLacking: Number.POSITIVE_INFINITY, ...more };
}

function note(group: Group, instance: Instance, lacking: number): void {
  group.instances++;
  group.firstLacking = Math.min(group.firstLacking, lacking);
  if (group.names.length < namesTold) group.names.push(nameOf(instance));
}

function noteRefused(groups: Map<string, RefusedGroup>, instance: Instance, has: number): void {
  const { problem, refused } = instance;
  const seen = new Set<string>();
  const noteOne = (object: RefusedGroup['object'], reason: string, lacking: number): void => {
    const name = JSON.stringify([object?.kind, object?.key, reason]);
    // Of several forms of an object that it refused, the newest comes first and counts.
    const about = JSON.stringify([object?.kind, object?.key]);
    if (seen.has(about) || (!groups.has(name) && groups.size >= groupsKept)) return;
    seen.add(about);
    const group = groups.get(name) ?? createGroup({ object, reason });
    groups.set(name, group);
    note(group, instance, lacking);
  };
  if (problem !== undefined) noteOne(undefined, problem, has + 1);
  for (const { kind, key, reason, version } of refused) noteOne({ kind, key }, reason, version);
}
