/** Two e-mail providers that deliver to nobody; prints where they are. */
import { startFakeProvider } from './fake-provider.ts';

const providers = [await startFakeProvider(), await startFakeProvider()];
console.log(`ready at ${providers.map(({ url }) => url).join(' ')}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    for (const provider of providers) await provider.close();
  });
}
