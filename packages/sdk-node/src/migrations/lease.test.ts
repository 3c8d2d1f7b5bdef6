import type { ClientState, Status } from '@sluice/sdk-common';
import { FakeClock } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { Lease } from './lease.ts';

function create(state: ClientState) {
  const clock = new FakeClock();
  const listeners = new Set<(status: Status) => void>();
  const describe = (now: ClientState): Status => ({
    ...{ state: now, origin: 'socket', selector: undefined, since: 0, refused: [], lastError: undefined },
  });
  const client = {
    status: describe(state),
    onStatus: (listener: (status: Status) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const become = (now: ClientState): void => {
    for (const listener of listeners) listener(describe(now));
  };
  return { clock, become, listeners, lease: new Lease(client, clock) };
}

test('is not held before anything was confirmed, whatever was on disk', async () => {
  const { lease, become } = create('starting');
  become('interrupted');
  expect([lease.isConfirmed, lease.isHeld]).toEqual([false, false]);
  become('live');
  expect([lease.isConfirmed, lease.isHeld]).toEqual([true, true]);
});

test('is lost 75 s after the last sign of life, of which 45 may pass before that is noticed', async () => {
  const { lease, become, clock } = create('live');
  await clock.advance(3_600_000);
  expect(lease.isHeld).toBe(true);
  become('interrupted');
  await clock.advance(20_000);
  // Something else is told; there is no contact still.
  become('interrupted');
  await clock.advance(9999);
  expect(lease.isHeld).toBe(true);
  await clock.advance(1);
  expect([lease.isHeld, lease.isConfirmed]).toEqual([false, true]);
  become('live');
  expect(lease.isHeld).toBe(true);
});

test('is not looked at any more once closed', () => {
  const { lease, listeners } = create('live');
  lease.close();
  expect(listeners.size).toBe(0);
});
