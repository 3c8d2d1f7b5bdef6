import type { ValveInBuild } from '@sluice/protocol';
import { createFakeLog } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { ValvesInBuild } from './valves-in-build.ts';

function create() {
  const log = createFakeLog();
  const told: (readonly ValveInBuild[])[] = [];
  return { valves: new ValvesInBuild({ valves: (valves) => void told.push(valves) }, log), told, log };
}

test('all valves of a build are told, and of each which modes of the flag are not in it', () => {
  const { valves, told } = create();
  valves.tell('search', []);
  valves.tell('mail', [{ mode: 'paused' }]);
  valves.tell('search', [{ mode: 'cached', instead: 'off-404' }]);
  valves.tell('mail', []);
  expect(told.at(-2)).toEqual([
    { key: 'search', lacks: [{ mode: 'cached', instead: 'off-404' }] },
    { key: 'mail', lacks: [{ mode: 'paused' }] },
  ]);
  expect(told.at(-1)).toEqual([{ key: 'search', lacks: [{ mode: 'cached', instead: 'off-404' }] }, { key: 'mail' }]);
});

test('of too many the first are told, and the log says so once', () => {
  const { valves, told, log } = create();
  for (let at = 0; at < 203; at++) valves.tell(`valve-${at}`, []);
  expect(told.at(-1)).toHaveLength(200);
  expect(log.lines).toEqual([expect.stringMatching(/^warn: .* first 200 valves/)]);
});
