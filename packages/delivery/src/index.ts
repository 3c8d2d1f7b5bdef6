export { Channel, type StreamProtocol, type Subscriber } from './channel.ts';
export { type Admission, DataPlane, type DataPlaneHost, type EventBatch, sendProblem } from './data-plane.ts';
export { StreamKeeper, type StreamKeeperOptions } from './stream-keeper.ts';
