import { type Flag, isStage, type Side, type Stage } from '@sluice/engine';
import {
  type EvaluationDetail,
  type GivenContext,
  isSampled,
  type MigrationMeasurement,
  type MigrationRecord,
} from '@sluice/sdk-common';

/** What is known where stages are evaluated. */
export interface TrackedStageHost {
  /** The flag in force. */
  findFlag(key: string): Flag | undefined;
  readonly random: () => number;
  /** Undefined: nobody wants to know of each operation. */
  readonly report: ((record: MigrationRecord, context: GivenContext) => void) | undefined;
}

export interface EvaluatedStage {
  readonly key: string;
  readonly context: GivenContext;
  /** What the flag served; what is no stage is not used. */
  readonly detail: EvaluationDetail;
  readonly defaultStage: Stage;
}

/** The stage of one evaluation, and what was done in it. */
export class TrackedStage {
  readonly stage: Stage;
  /** Id of the rule that put the record there; `default`: none did. */
  readonly cohort: string;
  /** What the flag served instead of a stage. */
  readonly refused: unknown;
  readonly #host: TrackedStageHost;
  readonly #evaluated: EvaluatedStage;
  /** As it was evaluated. */
  readonly #flag: Flag | undefined;

  constructor(evaluated: EvaluatedStage, host: TrackedStageHost) {
    const { key, detail, defaultStage } = evaluated;
    this.#host = host;
    this.#evaluated = evaluated;
    this.#flag = host.report === undefined ? undefined : host.findFlag(key);
    this.stage = isStage(detail.value) ? detail.value : defaultStage;
    this.cohort = (detail.reason.kind === 'RULE_MATCH' && detail.reason.ruleId) || 'default';
    this.refused = isStage(detail.value) ? undefined : detail.value;
  }

  /** A read or a write begins; sampled as the flag says. Only when it has come to its `end` it is reported. */
  begin(operation: 'read' | 'write'): TrackedOperation {
    const { random, report } = this.#host;
    const { samplingRatio = 1, migration } = this.#flag ?? {};
    if (report === undefined || !isSampled(samplingRatio, random)) return unreported;
    return new TrackedOperation(
      (measurements) =>
        report({ operation, evaluation: this.#describe(), measurements, samplingRatio }, this.#evaluated.context),
      migration?.checkRatio,
      random,
    );
  }

  #describe(): MigrationRecord['evaluation'] {
    const { key, detail, defaultStage } = this.#evaluated;
    const version = this.#flag?.version;
    const base = { key, value: this.stage, default: defaultStage, ...(version !== undefined && { version }) };
    if (this.refused !== undefined) return { ...base, reason: { kind: 'ERROR', errorKind: 'WRONG_TYPE' } };
    const { reason, variation } = detail;
    return { ...base, reason, ...(variation !== undefined && { variation }) };
  }
}

/** What a read or a write asked of the two sides. */
export class TrackedOperation {
  readonly #report: ((measurements: readonly MigrationMeasurement[]) => void) | undefined;
  readonly #checkRatio: number | undefined;
  readonly #random: () => number;
  readonly #asked = new Map<Side, { readonly latencyMs: number | undefined; readonly hasFailed: boolean }>();
  #isConsistent: boolean | undefined;
  #hasEnded = false;

  /** `report` undefined: nobody wants to know of it. */
  constructor(
    report: ((measurements: readonly MigrationMeasurement[]) => void) | undefined,
    checkRatio: number | undefined,
    random: () => number,
  ) {
    this.#report = report;
    this.#checkRatio = checkRatio;
    this.#random = random;
  }

  /** Whether anything of it is looked at. */
  get isReported(): boolean {
    return this.#report !== undefined;
  }

  /** A side was asked; asked again, the last time counts. */
  asked(
    side: Side,
    { latencyMs, hasFailed = false }: { readonly latencyMs?: number; readonly hasFailed?: boolean },
  ): void {
    if (this.isReported) this.#asked.set(side, { latencyMs, hasFailed });
  }

  /** Both sides answered a read: whether alike. Asked as often as the flag says; what it throws is not counted. */
  compared(isConsistent: () => boolean): void {
    if (!this.isReported || !isSampled(this.#checkRatio, this.#random)) return;
    try {
      this.#isConsistent = isConsistent();
    } catch {
      this.#isConsistent = undefined;
    }
  }

  /** Nothing more comes of it: it is reported, once, if a side was asked. */
  end(): void {
    if (this.#hasEnded || this.#report === undefined || this.#asked.size === 0) return;
    this.#hasEnded = true;
    const failed = [...this.#asked].filter(([, { hasFailed }]) => hasFailed);
    const latencies = [...this.#asked].flatMap(([side, { latencyMs }]) =>
      latencyMs === undefined ? [] : [[side, latencyMs] as const],
    );
    this.#report([
      { key: 'invoked', values: toMarks([...this.#asked.keys()]) },
      ...this.#describeConsistency(),
      ...(latencies.length > 0 ? [{ key: 'latency_ms', values: Object.fromEntries(latencies) } as const] : []),
      ...(failed.length > 0 ? [{ key: 'error', values: toMarks(failed.map(([side]) => side)) } as const] : []),
    ]);
  }

  #describeConsistency(): readonly MigrationMeasurement[] {
    const value = this.#isConsistent;
    const isKnown = value !== undefined && this.#asked.size === 2;
    return isKnown ? [{ key: 'consistent', value, samplingRatio: this.#checkRatio ?? 1 }] : [];
  }
}

/** Stands for all that nobody wants to know of. */
const unreported = new TrackedOperation(undefined, 0, () => 0);

function toMarks(sides: readonly Side[]): Readonly<Record<string, true>> {
  return Object.fromEntries(sides.map((side) => [side, true as const]));
}
