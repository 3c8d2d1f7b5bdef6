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
export { readJournal, settleMessage } from './providers/journal-access.ts';
export type { JournalContent } from './providers/journal-folder.ts';
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
export type { Emitter, People } from './surroundings/scopes.ts';
export { TestData } from './test-data.ts';
