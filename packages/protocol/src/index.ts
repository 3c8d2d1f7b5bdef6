export type * from './backfill.ts';
export { type Backoff, type BackoffOptions, createBackoff } from './backoff.ts';
export * from './fdv1.ts';
export * from './fdv2.ts';
export * from './lease.ts';
export * from './link.ts';
export {
  type ComparisonEvent,
  comparisonEvents,
  type MigrationOperation,
  migrationEvents,
  migrationOperations,
  storeEventNames,
} from './migration-events.ts';
export type { EncodedDifference, EncodedMismatch } from './mismatch.ts';
export { encodeNotice, type Notice, parseNotices } from './notices.ts';
export type * from './objects.ts';
export { isMalformation, parseObject, type ReceivedObject } from './parse-object.ts';
export * from './provider-order.ts';
export * from './receiver.ts';
export {
  type ConfigInForce,
  type Hello,
  type InstanceAttributes,
  type LackedMode,
  longestConfig,
  mostBacklogs,
  mostConfigs,
  mostLacked,
  mostValves,
  nameWindow,
  parseReport,
  type RefusedObject,
  type RepairBacklog,
  type Report,
  type Running,
  type ValveInBuild,
  type WindowReport,
} from './reports.ts';
export { listSeenContexts, type SeenContext, toSeenContext, trimContext } from './seen-contexts.ts';
export * from './selector.ts';
export * from './sender.ts';
export {
  aBoolean,
  aNumber,
  anything,
  aString,
  describeMalformation,
  listOf,
  type Malformation,
  objectOf,
  optional,
  type Shape,
} from './shape.ts';
export * from './sse.ts';
export { createSseParser, type SseParser } from './sse-parser.ts';
export {
  type EncodedSubject,
  mostNames,
  otherName,
  type SubjectKind,
  SubjectTally,
  subjectForms,
} from './subject-tally.ts';
export { type EvaluationCount, findNewestVersion, listEvaluationCounts } from './summaries.ts';
export { type EncodedWindow, type ParsedWindow, TelemetryWindow } from './telemetry-window.ts';
