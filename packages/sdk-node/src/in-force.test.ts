import { createHash } from 'node:crypto';
import type { ConfigInForce } from '@sluice/protocol';
import { createFakeLog } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { InForce } from './in-force.ts';

function create() {
  const log = createFakeLog();
  const told: (readonly ConfigInForce[])[] = [];
  const sha256Base64 = (text: string) => createHash('sha256').update(text).digest('base64');
  const inForce = new InForce({ configs: (configs) => void told.push(configs) }, { sha256Base64 }, log);
  return { inForce, told, log };
}

test('values of configs and orders of provider sets are told together', () => {
  const { inForce, told } = create();
  inForce.tell('configs', [['cache.ttl', 60]]);
  inForce.tell('providers', [['email', { a: 'active', b: 'standby' }]]);
  inForce.tell('configs', [['cache.ttl', 120]]);
  expect(told.at(-1)).toEqual([
    { key: 'cache.ttl', value: '120' },
    { key: 'email', value: '{"a":"active","b":"standby"}' },
  ]);
});

test('of too many the first are told, and the log says once how many are not', () => {
  const { inForce, told, log } = create();
  const values = Array.from({ length: 53 }, (_, index) => [`config-${index}`, index] as const);
  inForce.tell('configs', values.slice(0, 50));
  expect(log.lines).toEqual([]);
  inForce.tell('configs', values);
  inForce.tell('configs', values);
  expect(told.at(-1)).toHaveLength(50);
  expect(log.lines).toEqual([expect.stringMatching(/^warn: .* first 50 of 53 /)]);
});
