export { answerWithin } from './answer-within.ts';
export type { BigSegmentOptions, BigSegmentStatus, BigSegmentStore } from './big-segments.ts';
export {
  aroundAll,
  Client,
  type ClientOptions,
  type EvaluationDetail,
  type Surroundings,
  type SurroundingsSource,
  type Widened,
} from './client.ts';
export { type Dial, type DialOptions, dialSocket, dialStream } from './data/dial.ts';
export { createPayloadCache } from './data/payload-cache.ts';
export { createPollSource } from './data/poll-source.ts';
export type { Source, SourceFailure, SourceSink } from './data/source.ts';
export type { CreateSource, SourceChoice } from './data/source-chain.ts';
export { createStreamSource } from './data/stream-source.ts';
export type { MigrationMeasurement, MigrationRecord } from './events/event-processor.ts';
export { EventSender } from './events/event-sender.ts';
export { isSampled } from './events/sampling.ts';
export type { FlagsState, FlagsStateOptions } from './flags-state.ts';
export { createPostReports, type PostOptions } from './fleet/post-reports.ts';
export type { Refusals } from './fleet/refusals.ts';
export { type Known, Reporter } from './fleet/reporter.ts';
export type { GivenContext } from './given-context.ts';
export type { EvaluationSeries, Hook, SeriesData, TrackSeries } from './hooks.ts';
export type * from './platform.ts';
export type { ClientState, Origin, Status, StatusError } from './status.ts';
export {
  type AnsweredRequest,
  type ConfigRefusal,
  type MigrationCall,
  type MigrationComparison,
  type ProviderSend,
  Telemetry,
  type ValveCall,
} from './telemetry/telemetry.ts';
