import type { Payload, WireObject } from './objects.ts';
import { encodeSelector } from './selector.ts';
import type { SseEvent } from './sse.ts';

/** LaunchDarkly's second protocol: transfers of objects, committed as one, resumed by selector. */

/** What the first event of a transfer announces. */
export type Intent = 'xfer-full' | 'xfer-changes' | 'none';

/** The one payload that we have per environment. */
const payloadId = 'sluice';

/**
 * The events of one transfer. `none` tells a client that it is up to date and needs no more events. A later transfer
 * on the same stream may do without the intent.
 */
export function encodeTransfer(payload: Payload, intent: Intent, reason: string): readonly SseEvent[] {
  const announced = encodeIntent(payload, intent, reason);
  return intent === 'none' ? [announced] : [announced, ...encodeCommit(payload)];
}

export function encodeCommit(payload: Payload): readonly SseEvent[] {
  const { epoch, version, objects } = payload;
  const state = encodeSelector({ epoch, version });
  return [
    ...objects.map(encodeObject),
    { event: 'payload-transferred', data: JSON.stringify({ state, version, id: payloadId }) },
  ];
}

/** The body of a poll. */
export function encodePoll(events: readonly SseEvent[]): string {
  const list = events.map(({ event, data }) => `{"event":${JSON.stringify(event)},"data":${data}}`);
  return `{"events":[${list.join(',')}]}`;
}

export function encodeGoodbye(reason: string): SseEvent {
  return { event: 'goodbye', data: JSON.stringify({ reason, silent: false, catastrophe: false }) };
}

function encodeIntent({ version }: Payload, intentCode: Intent, reason: string): SseEvent {
  return {
    event: 'server-intent',
    data: JSON.stringify({ payloads: [{ id: payloadId, target: version, intentCode, reason }] }),
  };
}

function encodeObject({ kind, key, version, json }: WireObject): SseEvent {
  const head = `{"version":${version},"kind":"${kind}","key":${JSON.stringify(key)}`;
  return json === undefined
    ? { event: 'delete-object', data: `${head}}` }
    : { event: 'put-object', data: `${head},"object":${json}}` };
}
