import type { LinkUp } from '@sluice/protocol';
import { createFakeServerPlatform, type FakeServerPlatform } from '@sluice/testkit';
import { beforeEach, expect, test } from 'vitest';
import { WindowCourier } from './window-courier.ts';

let platform: FakeServerPlatform;
let courier: WindowCourier;
let sent: (LinkUp & { readonly kind: 'telemetry' })[];

const report = { session: 's-1', sequence: 1, agoMs: 5, window: { subjects: [] } };

function connect(): void {
  courier.connect((message) => {
    if (message.kind === 'telemetry') sent.push(message);
  });
}

/** What has become of a window that was passed on. */
function watch(passed: Promise<void>): { state: 'waiting' | 'kept' | 'unknown' } {
  const watched: ReturnType<typeof watch> = { state: 'waiting' };
  passed.then(
    () => (watched.state = 'kept'),
    () => (watched.state = 'unknown'),
  );
  return watched;
}

beforeEach(() => {
  platform = createFakeServerPlatform();
  courier = new WindowCourier(platform);
  sent = [];
});

test('a window is passed on as it is, and said to be kept when what is above says so', async () => {
  connect();
  const first = watch(courier.passOn('env', report));
  const again = watch(courier.passOn('env', report));
  expect(sent).toMatchObject([{ kind: 'telemetry', environmentId: 'env', ...report }, report]);
  courier.taken(sent[1]?.id ?? '');
  await platform.clock.advance(0);
  expect([first.state, again.state]).toEqual(['waiting', 'kept']);
});

test('nobody knows of a window when the link breaks, or when nothing is heard for long', async () => {
  connect();
  const before = watch(courier.passOn('env', report));
  courier.disconnect();
  const without = watch(courier.passOn('env', report));
  connect();
  const unanswered = watch(courier.passOn('env', report));
  await platform.clock.advance(9000);
  expect([before.state, without.state, unanswered.state]).toEqual(['unknown', 'unknown', 'waiting']);
  await platform.clock.advance(1000);
  expect(unanswered.state).toBe('unknown');
  expect(sent).toHaveLength(2);
});

test('no more are on their way than memory is meant for', async () => {
  connect();
  for (let at = 0; at < 50_000; at++) watch(courier.passOn('env', report));
  await expect(courier.passOn('env', report)).rejects.toThrow('too many');
  courier.taken(sent[0]?.id ?? '');
  watch(courier.passOn('env', report));
  expect(sent).toHaveLength(50_001);
  courier.close();
});
