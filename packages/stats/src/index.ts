export { Histogram } from './histogram.ts';
export { type TopKey, TopKeys } from './top-keys.ts';
