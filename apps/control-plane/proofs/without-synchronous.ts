/** Preloaded into a server to prove that the proof works: commits return before they are on disk. */
import { DatabaseSync } from 'node:sqlite';

const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function (this: DatabaseSync, text: string) {
  return exec.call(this, text.replace(/synchronous = full/i, 'synchronous = normal'));
};
