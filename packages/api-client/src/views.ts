import type { FlagConfiguration, FlagDefinition, Instruction, SegmentState } from '@sluice/authoring';
import type { Reason } from '@sluice/engine';

/** What the management API answers. Times are milliseconds since the epoch. */

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page starts; absent on the last. */
  readonly nextCursor?: string;
}

export interface ProjectView {
  readonly key: string;
  readonly name: string;
  readonly createdAt: number;
}

export interface EnvironmentView {
  readonly key: string;
  readonly name: string;
  /** Of its last change. */
  readonly version: number;
  readonly createdAt: number;
}

/** An environment right after it was made: the only time that its first keys are shown. */
export interface NewEnvironmentView extends EnvironmentView {
  readonly sdkKey: string;
  readonly clientSideId: string;
}

/** What a flag is, in every environment. */
export type FlagView = FlagDefinition;

/** A flag in one environment: what it is and how it behaves there. */
export interface EnvironmentFlagView extends FlagDefinition, Omit<FlagConfiguration, 'salt'> {
  /** The environment's version that last altered what SDKs get of the flag. */
  readonly version: number;
}

export interface SegmentView extends Omit<SegmentState, 'salt'> {
  /** The environment's version that last altered what SDKs get of the segment. */
  readonly version: number;
}

export interface ChangeView {
  readonly id: string;
  /** Key of the environment. */
  readonly environment: string;
  /** `planned` is the answer to a dry run: nothing was kept. */
  readonly status: 'applied' | 'planned';
  /** The environment's version that the change made. */
  readonly version: number;
  readonly instructions: readonly Instruction[];
  /** What it did, in words. */
  readonly effects: readonly EffectView[];
  readonly comment: string;
  readonly actor: string;
  readonly createdAt: number;
  /** Shared with the changes that the same command made in other environments. */
  readonly group?: string;
}

export interface EffectView {
  readonly kind: 'flag' | 'segment';
  readonly key: string;
  readonly text: string;
}

export interface CredentialView {
  readonly id: string;
  readonly kind: 'sdk-key' | 'client-side-id';
  readonly name: string;
  /** The last four characters, to tell keys apart. */
  readonly ending: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

/** A relay that serves environments close to their instances. */
export interface EdgeView {
  readonly id: string;
  readonly name: string;
  readonly environments: readonly { readonly project: string; readonly environment: string }[];
  /** To the server that was asked. */
  readonly isConnected: boolean;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
}

/** An edge right after it was made: the only time that its key is shown. */
export interface NewEdgeView extends EdgeView {
  readonly key: string;
}

/** An evaluation on the server, with what decided it. */
export interface ExplanationView {
  readonly flag: string;
  /** Null when the caller's default value is served. */
  readonly value: unknown;
  /** Index into the flag's variations, and the variation's id; absent when the caller's default value is served. */
  readonly variation?: number;
  readonly variationId?: string;
  readonly reason: Reason;
  /** What decided, in words. */
  readonly because: string;
}

export interface EvaluationMinuteView {
  /** Start of the minute. */
  readonly minute: number;
  /** Index; absent: the caller's default value was served. */
  readonly variation?: number;
  /** The flag's version; absent: the SDK had no such flag. */
  readonly version?: number;
  readonly count: number;
}

export interface ChainView {
  readonly intact: boolean;
  /** How many changes fit. */
  readonly changes: number;
  /** The first change that does not fit, and why. */
  readonly broken?: { readonly version: number; readonly reason: string };
}

/**
 * What an instance has made of a change. `accepted`: it runs it. `partial`: it runs it but for objects that it could
 * not use. `refused`: it could not use it and stays on what it had. `pending`: it has not answered yet; `stale`: for
 * more than two seconds. `polling`: it will ask within its interval. `offline`: contact is lost, its lease has not
 * ended. `gone`: it has left, or its lease has ended.
 */
export type InstanceState = 'accepted' | 'partial' | 'refused' | 'pending' | 'stale' | 'polling' | 'offline' | 'gone';

/** How far a change has got. The counts by state are of the instances that were there when it was made. */
export interface ConvergenceView extends Readonly<Record<InstanceState, number>> {
  readonly change: string;
  readonly environment: string;
  readonly version: number;
  /**
   * `converged`: what was waited for is reached. `refused`: it cannot be reached, because instances refused the change
   * and all others have it. `waiting`: neither yet.
   */
  readonly outcome: 'converged' | 'refused' | 'waiting';
  /** Instances that were there when the change was made and are not gone. */
  readonly expected: number;
  /** Those that came later start with the change, and are counted apart. */
  readonly late: { readonly expected: number; readonly accepted: number };
  /** Accepted of expected, in [0, 1]. */
  readonly share: number;
  /** Since the change was made. Absent, as the two that follow: it is too old for anybody to know. */
  readonly elapsedMs?: number;
  /** After how long half, 99 of 100 and all expected instances had it; absent: not yet. */
  readonly reachedMs?: { readonly half?: number; readonly most?: number; readonly all?: number };
  /** The share over time. */
  readonly curve?: readonly { readonly ms: number; readonly share: number }[];
  /** Who does not have it, at most 100. */
  readonly stragglers: readonly StragglerView[];
  readonly refusals: readonly RefusalView[];
  /** SDKs that are not ours acknowledge nothing: how many were sent the change, and for how many events prove it. */
  readonly foreign: { readonly expected: number; readonly delivered: number; readonly inferred: number };
}

export interface StragglerView {
  readonly instance: string;
  readonly state: InstanceState;
  /** What it runs; absent: it has told of nothing. */
  readonly version?: number;
  readonly sdk: string;
  readonly about: Readonly<Record<string, string | number | boolean>>;
  /** The edge that it is connected to. */
  readonly through?: string;
  readonly heardMsAgo: number;
  /** Why it refused. */
  readonly reason?: string;
}

export interface RefusalView {
  readonly reason: string;
  readonly instances: number;
  /** Names of some of them. */
  readonly examples: readonly string[];
}

/** The instances of an environment. */
export interface FleetView {
  /** Of the environment. */
  readonly version: number;
  /** There now: connected, or lost for less than their lease. */
  readonly live: number;
  readonly connected: number;
  readonly offline: number;
  /** Gone within the last day. */
  readonly gone: number;
  /** How many of the live run which version; absent: they have told of nothing. */
  readonly versions: readonly { readonly version?: number; readonly instances: number }[];
  /** SDKs that are not ours. */
  readonly foreign: {
    readonly live: number;
    readonly sdks: readonly { readonly sdk: string; readonly instances: number }[];
  };
  readonly items: readonly InstanceView[];
  readonly nextCursor?: string;
}

export interface InstanceView {
  readonly instance: string;
  readonly session: string;
  /** `current`: it runs what the environment has. `behind`: not yet. */
  readonly state: 'current' | 'behind' | 'partial' | 'refused' | 'offline' | 'gone' | 'foreign';
  readonly version?: number;
  readonly sdk: string;
  readonly via: string;
  readonly about: Readonly<Record<string, string | number | boolean>>;
  readonly through?: string;
  readonly joinedMsAgo: number;
  readonly heardMsAgo: number;
  readonly reason?: string;
}

/** `application/problem+json`, as every error is answered. */
export interface ProblemView {
  readonly status: number;
  /** Stable: switch on this. */
  readonly code: string;
  readonly title: string;
  /** Names the request in the server's log. */
  readonly requestId?: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}
