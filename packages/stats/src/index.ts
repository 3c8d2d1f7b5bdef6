export { Histogram } from './histogram.ts';
export { findShareBound, findTrialsNeeded } from './share-bound.ts';
export { type TopKey, TopKeys } from './top-keys.ts';
