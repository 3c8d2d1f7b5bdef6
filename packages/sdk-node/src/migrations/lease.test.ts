import { fenceMs, leaseMs } from '@sluice/protocol';
import type { ClientState, Known, Status } from '@sluice/sdk-common';
import { FakeClock } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { Lease } from './lease.ts';

function create(state: ClientState, { selector = 'e1:3', hasServer = true } = {}) {
  const clock = new FakeClock();
  const listeners = new Set<(status: Status) => void>();
  const describe = (): Status => ({
    ...{ state, origin: 'socket', selector, since: 0, refused: [], lastError: undefined },
  });
  const client = {
    get status() {
      return describe();
    },
    onStatus: (listener: (status: Status) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const become = (now: ClientState, has = selector): void => {
    [state, selector] = [now, has];
    for (const listener of listeners) listener(describe());
  };
  let answer = (_: Known): void => undefined;
  const watchKnown = (onKnown: (known: Known) => void): void => {
    answer = onKnown;
  };
  const lease = new Lease({ client, reporter: hasServer ? { watchKnown } : undefined, clock });
  /** The control plane knew of this process so long ago. */
  const know = (agoMs = 0, known = 'e1:3'): void => answer({ at: clock.elapsed() - agoMs, state: known });
  return { clock, become, know, listeners, lease };
}

test('ends before the server takes anybody for gone, with time for clocks that go unequally fast', () => {
  expect(fenceMs).toBeLessThan(0.8 * leaseMs);
});

test('is not held before the control plane knew of this process, whatever was confirmed', () => {
  const { lease, become, know } = create('starting');
  become('live');
  expect([lease.isConfirmed, lease.hasBegun, lease.term]).toEqual([true, false, undefined]);
  know();
  expect([lease.hasBegun, lease.term]).toEqual([true, 1]);
});

test('ends 45 s after the control plane knew of it, be the connection as it may, and also where time passes unseen', async () => {
  const { lease, know, clock } = create('live');
  know(5000);
  await clock.advance(39_999);
  expect(lease.term).toBe(1);
  // Nothing was called back, as in a process that was stopped.
  await clock.advance(1);
  expect([lease.term, lease.hasBegun]).toEqual([undefined, true]);
});

test('goes on as long as each answer comes in time; after a gap it is another', async () => {
  const { lease, know, clock } = create('live');
  for (let times = 0; times < 5; times++) {
    know();
    await clock.advance(40_000);
    expect(lease.term).toBe(1);
  }
  await clock.advance(5000);
  know(44_999);
  expect(lease.term).toBe(2);
  await clock.advance(1);
  expect(lease.term).toBeUndefined();
});

test('an answer that was asked for earlier changes nothing', async () => {
  const { lease, know, clock } = create('live');
  know();
  know(30_000);
  await clock.advance(44_999);
  expect(lease.term).toBe(1);
});

test('begins only with the payload that the control plane had, as an earlier one may be what nobody waited for', async () => {
  const { lease, become, know, clock } = create('live');
  know(0, 'e1:4');
  expect(lease.term).toBeUndefined();
  become('live', 'e2:9');
  expect(lease.term).toBeUndefined();
  become('live', 'e1:5');
  expect(lease.term).toBe(1);
  // Once known, it is waited for whatever it runs.
  know(-1, 'e1:6');
  expect(lease.term).toBe(1);
  await clock.advance(60_000);
  know(0, 'e1:6');
  expect(lease.term).toBeUndefined();
});

test('whoever begins waits for the first answer, but not for ever', async () => {
  const { lease, become, know, clock } = create('live');
  const begun = lease.begin();
  await clock.advance(4999);
  know(0, 'e1:4');
  become('live', 'e1:4');
  expect(await begun).toBe(true);

  const other = create('live');
  const waiting = other.lease.begin();
  await other.clock.advance(5000);
  expect(await waiting).toBe(false);
  expect(await other.lease.begin()).toBe(false);
  other.know();
  expect(await other.lease.begin()).toBe(true);
});

test('without a server of ours, nobody waits for it: it is held while the source is live', () => {
  const { lease, become } = create('starting', { hasServer: false });
  expect([lease.term, lease.hasBegun]).toEqual([undefined, false]);
  become('live');
  expect([lease.term, lease.hasBegun]).toEqual([0, true]);
  become('interrupted');
  expect(lease.term).toBeUndefined();
});

test('is over once closed, before anybody hears a goodbye, and nobody waits for it any more', async () => {
  const { lease, listeners, know, clock } = create('live');
  const begun = lease.begin();
  know(0, 'e1:4');
  lease.close();
  expect(await begun).toBe(false);
  know(-1);
  expect([lease.term, listeners.size, clock.waiting]).toEqual([undefined, 0, []]);
});
