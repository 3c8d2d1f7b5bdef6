import { nodePlatform } from '../platform.ts';
import { Journal } from './journal.ts';
import type { JournalContent } from './journal-content.ts';
import { readJournalFiles } from './journal-folder.ts';
import { settle } from './providers.ts';

/** Reads the journal of sends in a folder; processes may be writing it. Empty where there is no such folder. */
export function readJournal(folder: string): Promise<JournalContent> {
  return readJournalFiles(folder, nodePlatform, nodePlatform.clock.now());
}

/**
 * Ends a message in doubt, once somebody found out; processes that share the folder learn of it when they are asked to
 * send the message. Rejects with a SluiceError when no such message is in doubt, or the journal cannot be written.
 */
export async function settleMessage(
  folder: string,
  message: { readonly set: string; readonly key: string; readonly outcome: 'sent' | 'failed' },
): Promise<void> {
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const journal = new Journal({ folder, log }, nodePlatform);
  await settle(journal, message).finally(() => journal.close());
}

/** Whoever settles has read the journal, and was told. */
function ignore(): void {}
