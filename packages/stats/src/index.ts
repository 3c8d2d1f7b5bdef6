export { Histogram } from './histogram.ts';
export { findShareBound } from './share-bound.ts';
export { type TopKey, TopKeys } from './top-keys.ts';
