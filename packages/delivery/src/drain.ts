import type { Channel, Subscriber } from './channel.ts';

export interface DrainOptions {
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
  readonly reason: string;
}

/** Streams end so many at a time, so often: their clients find another server one after the other. */
const periodMs = 100;
const sharePerPeriod = 0.02;
const leastPerPeriod = 50;

/** Ends all streams, spread over some seconds when there are many; resolves when the last is told to end. */
export function drain(channels: readonly Channel[], { every, reason }: DrainOptions): Promise<void> {
  const left = channels.flatMap((channel) => channel.subscribers.map((subscriber) => ({ channel, subscriber })));
  const perPeriod = Math.max(leastPerPeriod, Math.ceil(left.length * sharePerPeriod));
  endSome(left.splice(0, perPeriod), reason);
  if (left.length === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = every(periodMs, () => {
      endSome(left.splice(0, perPeriod), reason);
      if (left.length > 0) return;
      stop();
      resolve();
    });
  });
}

function endSome(
  some: readonly { readonly channel: Channel; readonly subscriber: Subscriber }[],
  reason: string,
): void {
  for (const [channel, streams] of Map.groupBy(some, ({ channel: of }) => of)) {
    channel.end(
      reason,
      streams.map(({ subscriber }) => subscriber),
    );
  }
}
