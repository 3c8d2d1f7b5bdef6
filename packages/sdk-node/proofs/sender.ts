/** A program that sends what it is told, in a process of its own: `node sender.ts SETTINGS`. */
import { createClient, NotAccepted, type Provider, TestData } from '../src/index.ts';
import { type SenderSettings, theEnd } from './sender-settings.ts';

// Whoever starts this is the proof.
const { value, urls, honoursKeys, journal, timeoutMs } = JSON.parse(process.argv[2] ?? '') as SenderSettings;

function createProvider(url: string): Provider<string> {
  return {
    honoursIdempotencyKey: honoursKeys,
    send: async (message, { signal }) => {
      const response = await fetch(url, { method: 'POST', body: message, signal });
      if (response.status === 503) throw new NotAccepted('503');
      if (response.status !== 202) throw new Error(`unexpected status ${response.status}`);
    },
    probe: async ({ signal }) => {
      const response = await fetch(url, { method: 'HEAD', signal });
      if (!response.ok) throw new Error(`status ${response.status}`);
    },
  };
}

const sluice = createClient({ testData: new TestData().set('email', value) });
const providers = Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, createProvider(url)]));
const mail = sluice.providers('email', providers, {
  idempotencyKey: (message: string) => message,
  timeoutMs,
  deadlineMs: 4 * timeoutMs,
  journal,
  // Everything is looked at in the end.
  journalBytes: 2 ** 30,
});

process.on('message', (message: string) => {
  if (message === theEnd) process.exit();
  void mail.send(message).then(
    ({ status }) => process.send?.([message, status]),
    (error: unknown) => process.send?.([message, String(error)]),
  );
});
process.on('disconnect', () => process.exit());
