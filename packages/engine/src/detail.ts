/** Why a value was served; the JSON form that LaunchDarkly SDKs use. */
export type Reason =
  | { readonly kind: 'OFF'; readonly bigSegmentsStatus?: BigSegmentsStatus }
  | { readonly kind: 'TARGET_MATCH'; readonly bigSegmentsStatus?: BigSegmentsStatus }
  | { readonly kind: 'FALLTHROUGH'; readonly inExperiment?: true; readonly bigSegmentsStatus?: BigSegmentsStatus }
  | {
      readonly kind: 'RULE_MATCH';
      readonly ruleIndex: number;
      /** Absent when the rule has none. */
      readonly ruleId?: string;
      readonly inExperiment?: true;
      readonly bigSegmentsStatus?: BigSegmentsStatus;
    }
  | {
      readonly kind: 'PREREQUISITE_FAILED';
      readonly prerequisiteKey: string;
      readonly bigSegmentsStatus?: BigSegmentsStatus;
    }
  | { readonly kind: 'ERROR'; readonly errorKind: ErrorKind; readonly bigSegmentsStatus?: BigSegmentsStatus };

export type ErrorKind =
  | 'CLIENT_NOT_READY'
  | 'FLAG_NOT_FOUND'
  | 'MALFORMED_FLAG'
  | 'USER_NOT_SPECIFIED'
  | 'WRONG_TYPE'
  | 'EXCEPTION';

/** How far the answer about big segments can be trusted; present only when one was asked. */
export type BigSegmentsStatus = 'HEALTHY' | 'STALE' | 'STORE_ERROR' | 'NOT_CONFIGURED';

/** The result of an evaluation. */
export interface Detail {
  /** Undefined when no variation was chosen: the caller's default value is to be served. */
  readonly value: unknown;
  /** Index into the flag's variations; absent when none was chosen. */
  readonly variation?: number;
  readonly reason: Reason;
  /** The flag's version; absent when there is no such flag. */
  readonly version?: number;
}

/** A result prepared when the flag was compiled: frozen, and handed out again and again. */
export interface Outcome {
  readonly detail: Detail;
  /** Whether an experiment, or a rule marked to be tracked, decided; its event carries the reason. */
  readonly isExperiment: boolean;
  /** The flag could not be evaluated, so that neither can a flag that has it as a prerequisite. */
  readonly isMalformed: boolean;
}

export function errorDetail(errorKind: ErrorKind): Detail {
  return deepFreeze({ value: undefined, reason: { kind: 'ERROR', errorKind } });
}

/** Freezes plain JSON in place, so that what is handed out to many callers cannot be changed by one of them. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
