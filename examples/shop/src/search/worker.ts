/** A thread of the search backend: one connection, one query at a time. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const database = new DatabaseSync(workerData, { readOnly: true });
const score = "length(description) - length(replace(description, ?, ''))";

parentPort?.on('message', (words: readonly string[]) => {
  const scores = words.map(() => `(${score})`).join(' + ');
  const products = database
    .prepare(`SELECT id, name, cents, ${scores} AS score FROM products ORDER BY score DESC, id LIMIT 10`)
    .all(...words);
  parentPort?.postMessage(products);
});
