/**
 * Starts one client and prints how that went, as JSON: `client-program.ts URL SDK_KEY CACHE_FOLDER`. With a cache
 * folder the client is ready when what is on disk is in use, else when what the server sends is. It has a listener, which
 * is to be told which flags are different.
 */
import { createClient } from '@sluice/sdk-node';

const [url = '', sdkKey = '', cacheFolder] = process.argv.slice(2);
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Turns of the event loop, watched from within: the longest is what a request would have had to wait. */
let longestBlockMs = 0;
let lastTurn = performance.now();
let watching = true;
function turn(): void {
  const now = performance.now();
  longestBlockMs = Math.max(longestBlockMs, now - lastTurn);
  lastTurn = now;
  if (watching) setImmediate(turn);
}

// What Node does at its own start is not the client's.
await new Promise((resolve) => setTimeout(resolve, 200));
lastTurn = performance.now();
turn();

const startedAt = performance.now();
const client = createClient({ url, sdkKey, cacheFolder: cacheFolder ?? false, events: false, log: silent });
client.onChange(() => undefined);
await new Promise<void>((resolve) => {
  client.onStatus(({ origin }) => {
    if (origin === (cacheFolder === undefined ? 'socket' : 'disk')) resolve();
  });
});
const readyMs = performance.now() - startedAt;
const value = client.value('flag-4999', { kind: 'user', key: 'ann', country: 'c-9' }, 'none');
// Storing what came is part of taking it in.
await new Promise((resolve) => setTimeout(resolve, 1000));
watching = false;
await client.close();
console.log(JSON.stringify({ readyMs, longestBlockMs, value }));
