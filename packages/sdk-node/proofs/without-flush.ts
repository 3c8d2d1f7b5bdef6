/** Preloaded after power-cut.ts to prove that the proof works: what is to be on disk comes there later. */
import { type FileHandle, open } from 'node:fs/promises';

const file = await open(import.meta.filename);
// Node gives the class no name.
const prototype = Object.getPrototypeOf(file) as FileHandle;
await file.close();

const { datasync } = prototype;
prototype.datasync = async function (this: FileHandle) {
  // Longer than any sender lives after its first answer, so that no kill comes too late to show it.
  setTimeout(() => void datasync.call(this), 1000);
};
