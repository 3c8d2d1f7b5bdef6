/** What is known of an edge without starting it. */
export { EdgeError, type EdgeErrorCode } from './errors.ts';
export { type EdgeSettings, edgeOptions, parseEdgeSettings } from './settings.ts';
