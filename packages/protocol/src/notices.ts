import { aNumber, aString, listOf, type Malformation, objectOf, optional } from './shape.ts';
import type { SseEvent } from './sse.ts';

/** Events of our own between those of fdv2: they are about the connection, not about flags. Other SDKs skip them. */
export type Notice =
  /**
   * How an instance is to report: after a change it waits for `delayMs`, until the others have it too, and then for
   * anything up to `spreadMs`; without one it reports every `heartbeatMs`. What it counts it tells every `windowMs`;
   * absent: it decides.
   */
  | {
      readonly event: 'fleet';
      readonly delayMs: number;
      readonly spreadMs: number;
      readonly heartbeatMs: number;
      readonly windowMs?: number | undefined;
    }
  /** Whoever gets this is to answer at once; that measures how long things take. */
  | { readonly event: 'probe'; readonly id: string }
  /**
   * The answer to a renewal, which brings `mark` back: the control plane knew of the instance `ageMs` before this answer
   * left, or later, and afterwards had the environment at `state`. An instance that has not come as far may not rely on
   * it yet: what it does was perhaps given up before anybody knew of it.
   */
  | { readonly event: 'lease'; readonly mark: number; readonly ageMs: number; readonly state: string }
  /** A batch of events was looked at, as if it had been posted; `at` is the server's time. */
  | { readonly event: 'taken'; readonly id: string; readonly status: number; readonly at: number };

const shapes = {
  fleet: objectOf({ delayMs: aNumber, spreadMs: aNumber, heartbeatMs: aNumber, windowMs: optional(aNumber) }),
  probe: objectOf({ id: aString }),
  lease: objectOf({ mark: aNumber, ageMs: aNumber, state: aString }),
  taken: objectOf({ id: aString, status: aNumber, at: aNumber }),
} as const;

export function encodeNotice({ event, ...data }: Notice): SseEvent {
  return { event, data: JSON.stringify(data) };
}

export function isNoticeEvent(event: string): event is Notice['event'] {
  return Object.hasOwn(shapes, event);
}

/** Checks the data of a notice. */
export function parseNotice(event: Notice['event'], data: unknown): Notice | Malformation {
  // The shape says so.
  return shapes[event](data, event) ?? ({ ...(data as object), event } as Notice);
}

/** The notices in the answer to posted reports; of what is not understood nothing is made. Throws on text that is no JSON. */
export function parseNotices(text: string): readonly Notice[] {
  const body: unknown = JSON.parse(text);
  if (noticesShape(body, '') !== undefined) return [];
  // The shape says so.
  const { events } = body as { readonly events: readonly { readonly event: string; readonly data: unknown }[] };
  return events.flatMap(({ event, data }) => {
    const notice = isNoticeEvent(event) ? parseNotice(event, data) : undefined;
    return notice === undefined || 'expected' in notice ? [] : [notice];
  });
}

const noticesShape = objectOf({ events: listOf(objectOf({ event: aString })) });
