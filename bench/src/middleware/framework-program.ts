/**
 * `framework-program.ts FRAMEWORK ROUNDS REQUESTS URL SDK-KEY`: a server with the adapter and one without, asked in
 * turns; prints what a request cost in each round, as JSON. A process holds one framework, as the programs of users do,
 * and its client tells a server of ours of every request.
 */
import { createClient } from '@sluice/sdk-node';
import { type FrameworkName, frameworks } from './frameworks.ts';
import { MemoryConnection } from './memory-connection.ts';

/** Microseconds of CPU time per request in every round, garbage collection and all. */
export interface FrameworkCosts {
  readonly bare: readonly number[];
  readonly withAdapter: readonly number[];
}

const [name, rounds, requests, url = '', sdkKey = ''] = process.argv.slice(2);
const perRound = Number(requests);
// Whoever starts this program passes one of the names.
const open = frameworks[name as FrameworkName];

const sluice = createClient({ url, sdkKey, cacheFolder: false });
await sluice.ready();
const servers = await Promise.all([open(undefined), open(sluice)]);
const [bare, withAdapter] = servers.map((server) => ({
  connection: new MemoryConnection(server),
  costs: [] as number[],
}));
if (bare === undefined || withAdapter === undefined) throw new Error('both were opened above');

// Until the engine has optimised what it will.
for (let pass = 0; pass < 10; pass++) for (const { connection } of [bare, withAdapter]) await connection.ask(perRound);
for (let round = 0; round < Number(rounds); round++) {
  // Whoever comes second meets other garbage: they take turns at that, too.
  const order = round % 2 === 0 ? [bare, withAdapter] : [withAdapter, bare];
  for (const { connection, costs } of order) {
    const before = process.cpuUsage();
    await connection.ask(perRound);
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / perRound);
  }
}
const result: FrameworkCosts = { bare: bare.costs, withAdapter: withAdapter.costs };
await sluice.close();
console.log(JSON.stringify(result));
// Its connections are open for good.
process.exit();
