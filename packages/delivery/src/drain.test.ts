import { buildPayload, createFakeServerPlatform } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { drain } from './drain.ts';
import { Channel, Outflow, type Subscriber } from './index.ts';

/** Streams of a server that stops; how many have been told so far. */
function open(counts: readonly number[]) {
  const platform = createFakeServerPlatform();
  const outflow = new Outflow(platform);
  let ended = 0;
  const channels = counts.map((count) => {
    const channel = new Channel(buildPayload(), outflow);
    for (let number = 0; number < count; number++) {
      const subscriber: Subscriber = {
        protocol: 'fdv2',
        basis: undefined,
        credentialId: 'key-1',
        send: () => undefined,
        end: () => {
          ended++;
          channel.unsubscribe(subscriber);
        },
      };
      channel.subscribe(subscriber);
    }
    return channel;
  });
  const drained = drain(channels, { every: platform.every, reason: 'stopping' });
  return { platform, drained, ended: () => ended };
}

describe('streams of a server that stops', () => {
  test('end at once when they are few', async () => {
    const { drained, ended } = open([30, 20]);
    await drained;
    expect(ended()).toBe(50);
  });

  test('end 50 at a time, so that clients come one after the other to another server', async () => {
    const { platform, drained, ended } = open([100, 51]);
    expect(ended()).toBe(50);
    await platform.clock.advance(99);
    expect(ended()).toBe(50);
    await platform.clock.advance(1);
    expect(ended()).toBe(100);
    await platform.clock.advance(200);
    expect(ended()).toBe(151);
    await drained;
  });

  test('end within five seconds, however many there are', async () => {
    const { platform, drained, ended } = open([10_000]);
    expect(ended()).toBe(200);
    await platform.clock.advance(4800);
    expect(ended()).toBe(9800);
    await platform.clock.advance(100);
    expect(ended()).toBe(10_000);
    await drained;
  });
});
