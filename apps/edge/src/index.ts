export { type RunningEdge, startEdge } from './edge.ts';
export { EdgeError, type EdgeErrorCode } from './errors.ts';
export { type EdgePlatform, nodeEdgePlatform } from './platform.ts';
export { type EdgeSettings, edgeOptions, parseEdgeSettings } from './settings.ts';
