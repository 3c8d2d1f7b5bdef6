export { Channel, type StreamProtocol, type Subscriber } from './channel.ts';
export {
  type Admission,
  DataPlane,
  type DataPlaneHost,
  type DataPlaneParts,
  type EventBatch,
  sendProblem,
} from './data-plane.ts';
export type { Arrival, Fleet, Member } from './fleet.ts';
export { Outflow, type OutflowOptions } from './outflow.ts';
export { leaseMs, StreamKeeper, type StreamKeeperOptions } from './stream-keeper.ts';
export { answerUpgrade } from './upgrade.ts';
export { Visitors } from './visitors.ts';
