import type { ErrorLog, LinkServer } from '@sluice/delivery';
import type { Logger } from 'pino';
import type { ChannelRegistry } from './channels/channel-registry.ts';
import type { ContextRecorder } from './contexts/context-recorder.ts';
import type { Admissions } from './credentials/admissions.ts';
import type { KeyUsage } from './credentials/key-usage.ts';
import type { SecretBox } from './credentials/secret-box.ts';
import type { Database } from './database/schema.ts';
import type { Store } from './database/store.ts';
import type { EvaluationRecorder } from './evaluations/evaluation-recorder.ts';
import type { Feeds } from './feed/feeds.ts';
import type { ReadFleet } from './fleet/fleet-record.ts';
import type { FleetRegistry } from './fleet/fleet-registry.ts';
import type { Metrics } from './metrics.ts';
import type { ReadStanding } from './now/standing.ts';
import type { PeopleContext } from './people/people-context.ts';
import type { Platform } from './platform.ts';
import type { Leadership } from './replicas/leadership.ts';
import type { TelemetryRecorder } from './telemetry/telemetry-recorder.ts';

/** What the parts of a running server share. */
export interface ServerContext {
  readonly store: Store;
  /** The store's. */
  readonly db: Database;
  readonly leadership: Leadership;
  /** Brings this server up to what others wrote. */
  readonly catchUp: () => Promise<void>;
  readonly platform: Platform;
  readonly box: SecretBox;
  readonly channels: ChannelRegistry;
  readonly admissions: Admissions;
  readonly usage: KeyUsage;
  readonly evaluations: EvaluationRecorder;
  readonly telemetry: TelemetryRecorder;
  readonly contexts: ContextRecorder;
  /** The instances that are connected to this server. */
  readonly fleet: FleetRegistry;
  /** Those of all servers. */
  readonly readFleet: ReadFleet;
  readonly links: LinkServer;
  readonly feeds: Feeds;
  readonly readStanding: ReadStanding;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Where errors go: the log stays readable when there are many. */
  readonly errors: ErrorLog;
  /** Bytes that the compiled objects of an environment may have. */
  readonly payloadLimitBytes: number;
  /** Of the server. */
  readonly version: string;
  readonly people: PeopleContext;
}
