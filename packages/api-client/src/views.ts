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
