export * from './basics.ts';
export { type RunningEdge, startEdge } from './edge.ts';
export { type EdgePlatform, nodeEdgePlatform } from './platform.ts';
