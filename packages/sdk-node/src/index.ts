export type { Context, ErrorKind, LegacyUser, MultiContext, Reason, SingleContext } from '@sluice/engine';
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
export {
  type BigSegmentSettings,
  createClient,
  type EventSettings,
  type Options,
  sdkVersion,
} from './create-client.ts';
export { SluiceError, type SluiceErrorCode } from './errors.ts';
export { NodeClient as Client } from './node-client.ts';
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
