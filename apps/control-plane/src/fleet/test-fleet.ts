import type { Arrival, Member } from '@sluice/delivery';
import type { Running } from '@sluice/protocol';
import type { Platform } from '../platform.ts';
import { describeReach, type Reach } from './convergence.ts';
import type { EnvironmentFleet } from './environment-fleet.ts';
import { FleetRegistry } from './fleet-registry.ts';

/** A platform with a clock in the hands of a test: the testkit makes them. */
interface TestPlatform extends Platform {
  readonly clock: {
    readonly waiting: readonly number[];
    now(): number;
    setTimeOfDay(nowMs: number): void;
    advance(ms: number): Promise<void>;
  };
}

/** A fleet for tests: instances of environment `env-1`, whose versions are of epoch `e1` unless told otherwise. */
export interface TestFleet {
  readonly platform: TestPlatform;
  readonly registry: FleetRegistry;
  readonly instances: EnvironmentFleet;
  /** What probes measured, in seconds. */
  readonly measured: readonly number[];
  /** Runs version 1 unless told otherwise. */
  join(key: string, parts?: ArrivalParts): Member;
  runs(member: Member, version: number, rest?: Running): void;
  publish(version: number, epoch?: string): void;
  reach(version: number, epoch?: string): Reach;
  advance(ms: number): Promise<void>;
}

export interface ArrivalParts {
  readonly session?: string;
  readonly connection?: number;
  /** Undefined: it tells of nothing. */
  readonly version?: number | undefined;
  readonly epoch?: string;
  readonly via?: string;
  readonly isForeign?: boolean;
  readonly through?: string;
  readonly about?: Arrival['about'];
  readonly running?: Running;
}

export function buildTestFleet(platform: TestPlatform): TestFleet {
  const measured: number[] = [];
  const registry = new FleetRegistry(platform, { observe: (seconds: unknown) => void measured.push(Number(seconds)) });
  const instances = registry.open('env-1');
  return {
    platform,
    registry,
    instances,
    measured,
    join: (key, parts = {}) => registry.join('env-1', buildArrival(key, parts)),
    runs: (member, version, rest = {}) => registry.acknowledge([member], { state: `e1:${version}`, ...rest }),
    publish: (version, epoch = 'e1') => registry.publish('env-1', { epoch, version }),
    reach: (version, epoch = 'e1') => {
      const reach = describeReach(instances, { epoch, version, now: platform.elapsed() });
      checkProgress(instances, reach);
      return reach;
    },
    advance: (ms) => platform.clock.advance(ms),
  };
}

/** What was counted as instances answered is what one finds who looks at each of them. */
function checkProgress(instances: EnvironmentFleet, reach: Reach): void {
  const { version, accepted: has, expected: of, partial, refused, stragglers } = reach;
  const progress = instances.findProgress(version);
  if (progress === undefined) return;
  const names = stragglers.map(({ instance }) => instance);
  const expected = JSON.stringify([{ has, of, refused: partial + refused }, names]);
  const found = JSON.stringify([progress, instances.listBehind(version, names.length)]);
  if (found !== expected) throw new Error(`of version ${version} expected ${expected}, got ${found}`);
}

export function buildArrival(key: string, parts: ArrivalParts = {}): Arrival {
  const { session = `session of ${key}`, connection = 1, via = 'socket', isForeign = false, epoch = 'e1' } = parts;
  const version = 'version' in parts ? parts.version : 1;
  return {
    key,
    session,
    connection,
    via,
    isForeign,
    sdk: isForeign ? 'NodeJSClient/9' : 'sluice-node/0.1.0',
    about: parts.about ?? {},
    running: parts.running ?? (version === undefined || isForeign ? {} : { state: `${epoch}:${version}` }),
    ...(parts.through !== undefined && { through: parts.through }),
  };
}
