/**
 * Preloaded into a server that is to be killed at a certain moment of a change with the comment "the last one": right
 * after its commit, or while it writes the change to a stream (SLUICE_KILL_AT=commit or publish).
 */
import { ServerResponse } from 'node:http';
import { Client } from 'pg';

let isNear = false;

function kill(): void {
  process.kill(process.pid, 'SIGKILL');
}

const query = Client.prototype.query;
// One of the overloads, which Kysely uses.
Client.prototype.query = function (this: Client, text: unknown, values?: unknown, ...rest: unknown[]) {
  if (Array.isArray(values) && values.includes('the last one')) isNear = true;
  const answer: unknown = Reflect.apply(query, this, [text, values, ...rest]);
  if (isNear && text === 'commit' && process.env.SLUICE_KILL_AT === 'commit' && answer instanceof Promise) {
    return answer.then(kill);
  }
  return answer;
} as typeof query;

const write = ServerResponse.prototype.write;
ServerResponse.prototype.write = function (this: ServerResponse, ...chunk: unknown[]) {
  if (isNear && process.env.SLUICE_KILL_AT === 'publish') kill();
  return Reflect.apply(write, this, chunk);
} as typeof write;
