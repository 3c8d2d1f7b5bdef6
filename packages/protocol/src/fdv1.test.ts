import { buildPayload, buildTombstone, buildWireFlag, buildWireSegment } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { encodeFdv1All, encodeFdv1Changes, encodeFdv1Put } from './index.ts';

describe('an fdv1 poll', () => {
  test('lists flags and segments by key, without those that were deleted', () => {
    const payload = buildPayload(
      buildWireFlag('a', 1, '{"key":"a"}'),
      buildWireSegment('a', 2),
      buildTombstone('b', 3),
      buildWireFlag('c', 4, '{"key":"c"}'),
    );
    expect(encodeFdv1All(payload)).toBe(
      '{"flags":{"a":{"key":"a"},"c":{"key":"c"}},"segments":{"a":{"key":"a","version":2}}}',
    );
  });

  test('has both maps also when there is nothing, because some SDKs require them', () => {
    expect(encodeFdv1All(buildPayload())).toBe('{"flags":{},"segments":{}}');
  });

  test('takes the JSON of objects as it is', () => {
    const json = '{ "key": "a",  "ü": "\\u2028" }';
    expect(encodeFdv1All(buildPayload(buildWireFlag('a', 1, json)))).toContain(json);
  });
});

describe('an fdv1 stream', () => {
  test('starts with everything in one `put`', () => {
    const { event, data } = encodeFdv1Put(buildPayload(buildWireFlag('a', 1, '{"key":"a"}')));
    expect(event).toBe('put');
    expect(JSON.parse(data)).toEqual({ path: '/', data: { flags: { a: { key: 'a' } }, segments: {} } });
  });

  test('goes on with one `patch` or `delete` for each object that changed, in their order', () => {
    const payload = buildPayload(buildWireFlag('a', 5, '{"v":5}'), buildWireSegment('s', 6), buildTombstone('b', 7));
    expect(encodeFdv1Changes(payload).map(({ event, data }) => [event, JSON.parse(data)])).toEqual([
      ['patch', { path: '/flags/a', data: { v: 5 } }],
      ['patch', { path: '/segments/s', data: { key: 's', version: 6 } }],
      ['delete', { path: '/flags/b', version: 7 }],
    ]);
  });

  test('says nothing when nothing that SDKs get changed', () => {
    expect(encodeFdv1Changes({ epoch: 'e1', version: 9, objects: [] })).toEqual([]);
  });
});
