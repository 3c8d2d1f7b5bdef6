import { expect, test } from 'vitest';
import { describeBuilds, type Group, pivotGroups } from './pivot-groups.ts';

function group(parts: Partial<Group>): Group {
  return { instances: 1, refused: 0, behind: 0, offline: 0, repairs: 0, builds: [], ...parts };
}

test('services are rows, the largest first, and zones are columns; who told of none is last', () => {
  const groups = [
    group({ service: 'web', zone: 'eu-10', instances: 2 }),
    group({ zone: 'eu-2' }),
    group({ service: 'web', zone: 'eu-2', instances: 3 }),
    group({ service: 'feed', instances: 9 }),
    group({ service: 'auth', zone: 'eu-2' }),
  ];
  const { zones, services } = pivotGroups(groups);
  expect(zones).toEqual(['eu-2', 'eu-10', undefined]);
  expect(services.map(({ service, instances }) => [service, instances])).toEqual([
    ['feed', 9],
    ['web', 5],
    ['auth', 1],
    [undefined, 1],
  ]);
  expect(services[1]?.byZone.get('eu-10')).toBe(groups[0]);
  expect(services[0]?.byZone.get('eu-2')).toBeUndefined();
  expect(pivotGroups([])).toEqual({ zones: [], services: [] });
});

test('the builds of a service are summed over its zones', () => {
  const { services } = pivotGroups([
    group({ service: 'web', zone: 'a', builds: [{ build: '1.4.1', instances: 38 }] }),
    group({ service: 'web', zone: 'b', builds: [{ build: '1.4.2', instances: 1200 }] }),
  ]);
  expect(describeBuilds(services[0]?.builds ?? [])).toBe('1.4.2, 38 on 1.4.1');
  expect(describeBuilds([])).toBe('');
  const many = ['a', 'b', 'c', 'd', 'e'].map((build, at) => ({ build, instances: 5 - at }));
  expect(describeBuilds(many)).toBe('a, 4 on b, 3 on c, 2 more');
});
