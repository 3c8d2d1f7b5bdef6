/**
 * Load for the shop: `node load/main.ts URL SECONDS`, with `--bad` also account 42. Prints a line each second, and ends by
 * itself.
 */
import { parseArgs } from 'node:util';
import { badCustomer, createCustomers } from './customers.ts';
import { type Answer, runLoad } from './load.ts';
import { quantile } from './quantile.ts';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { bad: { type: 'boolean' } } });
const [url = 'http://127.0.0.1:8080', seconds = '60'] = positionals;
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

let answers: Answer[] = [];
const report = setInterval(() => {
  const others = answers.filter(({ account }) => account !== badCustomer.account);
  const bad = answers.filter(({ account }) => account === badCustomer.account);
  const p99 = quantile(
    others.map(({ tookMs }) => tookMs),
    0.99,
  );
  console.log(
    `${others.length} answers a second, p99 ${p99.toFixed(0)} ms; account 42: ${bad.length}, of which ${bad.filter(({ status }) => status === 404).length} are 404`,
  );
  answers = [];
}, 1000);
const customers = createCustomers(20, 100);
await runLoad({
  url,
  customers: values.bad === true ? [...customers, badCustomer] : customers,
  now: () => performance.now(),
  signal: stop.signal,
  maxSeconds: Math.min(Number(seconds), 3600),
  onAnswer: (answer) => answers.push(answer),
});
clearInterval(report);
