export type { Context, ErrorKind, LegacyUser, MultiContext, Reason, SingleContext } from '@sluice/engine';
export type {
  BigSegmentStatus,
  BigSegmentStore,
  Client,
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
export {
  type BigSegmentSettings,
  createClient,
  type EventSettings,
  type Options,
  sdkVersion,
} from './create-client.ts';
export { SluiceError, type SluiceErrorCode } from './errors.ts';
export { TestData } from './test-data.ts';
