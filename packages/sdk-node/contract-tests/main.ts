/** `npm run contract-tests -- --port 8000`, then point LaunchDarkly's sdk-test-harness at it. */
import { parseArgs } from 'node:util';
import type { Log } from '../src/index.ts';
import { startContractTestService } from './service.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '8000' } } });
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`--port must be an integer from 0 to 65535, got ${values.port}`);
  process.exit(2);
}

const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => console.warn(message),
  error: (message) => console.error(message),
};
const service = await startContractTestService({ port, log });
console.log(`contract-test service: ${service.url}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void service.close());
await service.stopped;
