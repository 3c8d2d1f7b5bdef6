/**
 * Preloaded into a process that is to be killed: what was written and not brought to disk is lost with it, as it is
 * when the power goes. Without this the kernel would keep it.
 */
import { type FileHandle, open } from 'node:fs/promises';

const file = await open(import.meta.filename);
// Node gives the class no name.
const prototype = Object.getPrototypeOf(file) as FileHandle;
await file.close();

const { appendFile, datasync } = prototype;
const written = new WeakMap<FileHandle, string[]>();

prototype.appendFile = async function (this: FileHandle, text) {
  written.set(this, [...(written.get(this) ?? []), String(text)]);
};
prototype.datasync = async function (this: FileHandle) {
  const parts = written.get(this) ?? [];
  written.delete(this);
  await appendFile.call(this, parts.join(''));
  await datasync.call(this);
};
