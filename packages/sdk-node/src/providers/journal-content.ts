import type { JournalMessage } from './ledger.ts';

/** What a journal holds. */
export interface JournalContent {
  /** Names of its files; none: there is no journal. */
  readonly files: readonly string[];
  readonly messages: readonly JournalMessage[];
  /** What could not be read, in words; the messages are those of all the rest. */
  readonly damage: readonly string[];
  /** Files whose end is cut off: a process ended, or is at work, while it wrote. Nothing that was promised is lost. */
  readonly cut: readonly string[];
}
