/** Preloaded into a server to prove that the proof works: every statement commits by itself. */
import { DatabaseSync } from 'node:sqlite';

const prepare = DatabaseSync.prototype.prepare;
DatabaseSync.prototype.prepare = function (this: DatabaseSync, text: string, ...rest: []) {
  const isFrame = /^(begin|commit|rollback)\b/i.test(text.trim());
  return prepare.call(this, isFrame ? 'select 1 where 0' : text, ...rest);
};
