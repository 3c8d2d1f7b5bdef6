import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '@sluice/sdk-common';
import type { JournalContent } from './journal-content.ts';
import { type JournalRecord, parseJournal } from './journal-records.ts';
import { followAll } from './ledger.ts';

export interface JournalFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly writtenAt: number;
  /** Whoever wrote it said that nothing more comes. */
  readonly isClosed: boolean;
}

const ending = '.journal';
const ownerWrites = 0o200;

/** The oldest first; none when there is no such folder. */
export async function listJournalFiles(folder: string): Promise<readonly JournalFile[]> {
  return findJournalFiles(folder, await listJournalNames(folder));
}

export async function listJournalNames(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names.filter((name) => name.endsWith(ending));
}

/** Those of them that there are, the oldest first. */
export async function findJournalFiles(folder: string, names: readonly string[]): Promise<readonly JournalFile[]> {
  const files: JournalFile[] = [];
  const find = async (name: string): Promise<void> => {
    const found = await stat(join(folder, name)).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (found?.isFile() !== true) return;
    const { size: sizeBytes, mtimeMs: writtenAt, mode } = found;
    files.push({ name, sizeBytes, writtenAt, isClosed: (mode & ownerWrites) === 0 });
  };
  await Promise.all(names.map(find));
  return files.sort((a, b) => a.writtenAt - b.writtenAt || (a.name < b.name ? -1 : 1));
}

/** Reads the files of a journal; one that was removed meanwhile has nothing. `told` hears of each file's records. */
export async function readJournalFiles(
  folder: string,
  { hash }: Pick<Platform, 'hash'>,
  now: number,
  told: (file: string, records: readonly JournalRecord[]) => void = () => undefined,
): Promise<JournalContent> {
  const records: JournalRecord[] = [];
  const damage: string[] = [];
  const cut: string[] = [];
  const files = (await listJournalFiles(folder)).map(({ name }) => name);
  for (const name of files) {
    const text = await readFile(join(folder, name), 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return '';
      throw error;
    });
    const found = parseJournal(text, hash.sha256Base64);
    for (const record of found.records) records.push(record);
    told(name, found.records);
    if (found.isCut) cut.push(name);
    damage.push(...found.damagedLines.map((line) => `${join(folder, name)}: line ${line} is damaged`));
  }
  return { files, messages: followAll(records).list(now), damage, cut };
}

export async function removeJournalFile(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true });
}

/** `name`: unlike that of any other file. */
export function journalFileName(name: string): string {
  return `${name}${ending}`;
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
