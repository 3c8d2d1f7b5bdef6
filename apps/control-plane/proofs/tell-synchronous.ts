/** Preloaded into a server: tells `pragma synchronous` of the connection that writes changes, when it writes the first. */
import { DatabaseSync } from 'node:sqlite';

const prepare = DatabaseSync.prototype.prepare;
DatabaseSync.prototype.prepare = function (this: DatabaseSync, text: string, ...rest: []) {
  if (/^insert into "changes"/i.test(text)) process.send?.(prepare.call(this, 'pragma synchronous').get());
  return prepare.call(this, text, ...rest);
};
