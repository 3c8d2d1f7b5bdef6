/** Load for the shop: `node load/main.ts URL SECONDS`, with `--bad` also account 42. Ends by itself. */
import { parseArgs } from 'node:util';
import { runReportedLoad } from './reported-load.ts';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { bad: { type: 'boolean' } } });
const [url = 'http://127.0.0.1:8080', seconds = '60'] = positionals;
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
await runReportedLoad({
  url,
  withBad: values.bad === true,
  everySeconds: 1,
  maxSeconds: Math.min(Number(seconds), 3600),
  now: () => performance.now(),
  signal: stop.signal,
  print: (line) => console.log(line),
});
