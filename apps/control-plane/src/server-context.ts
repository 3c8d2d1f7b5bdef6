import type { Logger } from 'pino';
import type { ChannelRegistry } from './channels/channel-registry.ts';
import type { Admissions } from './credentials/admissions.ts';
import type { KeyUsage } from './credentials/key-usage.ts';
import type { SecretBox } from './credentials/secret-box.ts';
import type { Database } from './database/schema.ts';
import type { ErrorLog } from './error-log.ts';
import type { EvaluationRecorder } from './evaluations/evaluation-recorder.ts';
import type { FleetRegistry } from './fleet/fleet-registry.ts';
import type { Metrics } from './metrics.ts';
import type { Platform } from './platform.ts';

/** What the parts of a running server share. */
export interface ServerContext {
  readonly db: Database;
  readonly platform: Platform;
  readonly box: SecretBox;
  readonly channels: ChannelRegistry;
  readonly admissions: Admissions;
  readonly usage: KeyUsage;
  readonly evaluations: EvaluationRecorder;
  readonly fleet: FleetRegistry;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Where errors go: the log stays readable when there are many. */
  readonly errors: ErrorLog;
  /** Bytes that the compiled objects of an environment may have. */
  readonly payloadLimitBytes: number;
  /** Of the server. */
  readonly version: string;
}
