import { describe, expect, test } from 'vitest';
import { describeFilter, toFleetQuery } from './fleet-filter.ts';

describe('the address of the fleet', () => {
  test.each([
    [{}, { matter: 'any' }, undefined],
    [{ state: 'behind' }, { matter: 'behind' }, 'Instances behind'],
    [{ state: 'gone' }, { state: 'gone' }, 'Instances gone within the last day'],
    [{ state: 'bored' }, { matter: 'any' }, undefined],
    [
      { service: 'checkout', zone: 'eu-1b', state: 'refused' },
      { service: 'checkout', zone: 'eu-1b', matter: 'refused' },
      'Instances that refused something of checkout in eu-1b',
    ],
    [{ service: '-', zone: '-' }, { service: '', zone: '' }, 'Instances of no service in no zone'],
    [{ version: '48208' }, { version: 48_208 }, 'Instances on v48,208'],
    [
      { q: 'web', sdk: 'sluice-node/1' },
      { search: 'web', sdk: 'sluice-node/1' },
      'Instances with sluice-node/1 like “web”',
    ],
  ])('%j is a question and a heading', (search, query, words) => {
    expect(toFleetQuery(search)).toEqual({ ...query, order: 'worst' });
    expect(describeFilter(search)).toBe(words);
  });

  test.each(['-1', '1.5', 'x', '9'.repeat(30)])('does not ask for version %s', (version) => {
    expect(toFleetQuery({ version })).toEqual({ matter: 'any', order: 'worst' });
  });
});
