export { Channel, type StreamProtocol, type Subscriber } from './channel.ts';
export type { Confirmation } from './confirmation.ts';
export { ContextSampler, type SampledContext } from './context-sampler.ts';
export {
  type Admission,
  DataPlane,
  type DataPlaneHost,
  type DataPlaneParts,
  type EventBatch,
  readSdkKey,
  refuseKey,
  sendProblem,
} from './data-plane.ts';
export { discardRest } from './discard-rest.ts';
export { drain } from './drain.ts';
export { ErrorLog } from './error-log.ts';
export type { Arrival, Fleet, Member } from './fleet.ts';
export { FolderInUseError, lockFolder } from './folder-lock.ts';
export { type Front, type FrontSettings, openFront } from './front.ts';
export { createGate, type Gate, retryAfterSeconds } from './gate.ts';
export { hashKey } from './hash-key.ts';
export { type CountBatch, type LinkHost, LinkServer, linkPath, type RelayAdmission } from './link-server.ts';
export { CertificateError, closeListener, createListener, type Listener, listen, listenAt, toUrl } from './listener.ts';
export { LoadGauge } from './load-gauge.ts';
export { Outflow, type OutflowOptions } from './outflow.ts';
export { paceFor } from './pace.ts';
export { type Destination, passOn } from './pass-on.ts';
export { Relay, type RelayLog, type RelayOptions, type RelayPlatform, type RelayStore } from './relay.ts';
export { Roster } from './roster.ts';
export { StreamKeeper, type StreamKeeperOptions } from './stream-keeper.ts';
export { answerUpgrade } from './upgrade.ts';
export { Upstream } from './upstream.ts';
export { Visitors } from './visitors.ts';
export type { WorkerCounts } from './worker/worker-messages.ts';
export { WorkerPool, type WorkerPoolOptions } from './worker/worker-pool.ts';
