export type { Context, ErrorKind, LegacyUser, MultiContext, Reason, SingleContext } from '@sluice/engine';
export { providerOrderSchema } from '@sluice/protocol';
export type {
  BigSegmentStatus,
  BigSegmentStore,
  ClientState,
  EvaluationDetail,
  EvaluationSeries,
  FlagsState,
  FlagsStateOptions,
  GivenContext,
  Hook,
  Log,
  SeriesData,
  Status,
  StatusError,
  TrackSeries,
} from '@sluice/sdk-common';
export type { Config, ConfigListener } from './configs/config.ts';
export type { ConfigOptions, NumberBounds } from './configs/config-options.ts';
export type { ConsoleLogger } from './configs/gate-console.ts';
export type { PinoLogger } from './configs/gate-pino.ts';
export type { LevelledLogger, LogLevel, LogLevelOptions } from './configs/log-level.ts';
export type { SchemaIssue, SchemaResult, StandardSchema } from './configs/standard-schema.ts';
export {
  type BigSegmentSettings,
  createClient,
  type EventSettings,
  type Options,
  sdkVersion,
} from './create-client.ts';
export { SluiceError, type SluiceErrorCode } from './errors.ts';
export type { Backfill, BackfillResult } from './migrations/backfill/backfill.ts';
export type { BackfillOptions, ProposeEnds } from './migrations/backfill/backfill-options.ts';
export type { BackfillProgress } from './migrations/backfill/progress.ts';
export { progressBar, type Terminal } from './migrations/backfill/progress-bar.ts';
export {
  type CompareOptions,
  type Difference,
  dates,
  type IgnoreRule,
  type Normaliser,
  sorted,
} from './migrations/compare.ts';
export type { ComparisonStatus, Mismatch, Sample } from './migrations/comparisons.ts';
export type {
  Migration,
  MigrationStatus,
  OperationOptions,
  ReadResult,
  UpdateResult,
  WriteResult,
} from './migrations/migration.ts';
export type { Budgets, MigrationCompare, MigrationOptions, MigrationSettings } from './migrations/migration-options.ts';
export type { ObservedComparison, ObservedStoreCall, ObserveMigration } from './migrations/observed.ts';
export type { RepairStatus } from './migrations/repairs.ts';
export type { Applied, Page, ReadOptions, ScannedStore, Store, Stored, WriteOptions } from './migrations/store.ts';
export type { TrackedOperation, TrackedStage } from './migrations/tracked-stage.ts';
export { NodeClient as Client } from './node-client.ts';
export { readJournal, settleMessage } from './providers/journal-access.ts';
export type { JournalContent } from './providers/journal-content.ts';
export type { JournalMessage } from './providers/ledger.ts';
export { NotAccepted } from './providers/not-accepted.ts';
export type { Attempt, Provider, SendOptions, SendResult } from './providers/provider.ts';
export type { Providers, ProvidersOptions } from './providers/providers.ts';
export type { ProviderSend } from './providers/sending.ts';
export type {
  AdapterOptions,
  ExpressMiddleware,
  FastifyPlugin,
  HonoMiddleware,
  HttpAdapterOptions,
  HttpHandler,
  NodeRequest,
} from './surroundings/adapters.ts';
export type { TrustProxy } from './surroundings/client-ip.ts';
export type { Emitter, NodeResponse, People } from './surroundings/scopes.ts';
export { TestData } from './test-data.ts';
export type { BreakerOptions } from './valves/breaker.ts';
export type { ModeCall, ModeFunction } from './valves/call-mode.ts';
export type { ObserveCall, ObservedCall, ValveCause } from './valves/observed-call.ts';
export type { AnswerOf, GivenTo, Modes, Valve, ValveOptions, ValveResult, ValveSettings } from './valves/valve.ts';
