import type { Payload, WireObject } from './objects.ts';
import type { SseEvent } from './sse.ts';

/** LaunchDarkly's first protocol: `put` for everything, `patch` and `delete` for one object. */

const collections = { flag: 'flags', segment: 'segments' } as const;

/** Every object by kind and key; deleted ones are left out. The body of a poll. */
export function encodeFdv1All({ objects }: Payload): string {
  return `{"flags":${encodeMap(objects, 'flag')},"segments":${encodeMap(objects, 'segment')}}`;
}

/** The first event of a stream; replaces all that the client has. */
export function encodeFdv1Put(payload: Payload): SseEvent {
  return { event: 'put', data: `{"path":"/","data":${encodeFdv1All(payload)}}` };
}

/** One event per object that changed; clients ignore versions that they have. */
export function encodeFdv1Changes({ objects }: Payload): readonly SseEvent[] {
  return objects.map(({ kind, key, version, json }) => {
    const path = JSON.stringify(`/${collections[kind]}/${key}`);
    return json === undefined
      ? { event: 'delete', data: `{"path":${path},"version":${version}}` }
      : { event: 'patch', data: `{"path":${path},"data":${json}}` };
  });
}

function encodeMap(objects: readonly WireObject[], kind: WireObject['kind']): string {
  const entries = objects
    .filter((object) => object.kind === kind && object.json !== undefined)
    .map(({ key, json }) => `${JSON.stringify(key)}:${json}`);
  return `{${entries.join(',')}}`;
}
