/** Preloaded into a server to prove that the proof works: every statement commits by itself. */
import { Client } from 'pg';

const query = Client.prototype.query;
// One of the overloads, which Kysely uses.
Client.prototype.query = function (this: Client, text: unknown, ...rest: unknown[]) {
  const isFrame = typeof text === 'string' && /^(begin|start transaction|commit|rollback)\b/i.test(text.trim());
  return Reflect.apply(query, this, [isFrame ? 'select' : text, ...rest]);
} as typeof query;
