import { isMalformation, type LinkUp, parseLinkUp } from '@sluice/protocol';
import { createFakeServerPlatform, type FakeServerPlatform } from '@sluice/testkit';
import { beforeEach, expect, test } from 'vitest';
import { UsageKeeper } from './usage-keeper.ts';

let platform: FakeServerPlatform;
let keeper: UsageKeeper;
let open: string[];
let edges: Set<string>;
let told: string[];

beforeEach(() => {
  platform = createFakeServerPlatform();
  [open, edges, told] = [[], new Set(), []];
  keeper = new UsageKeeper({ ...platform, listOpen: () => open, listEdges: () => edges });
});

function connect(): void {
  keeper.connect((message: LinkUp) => {
    const read = parseLinkUp(JSON.stringify(message));
    if (read === undefined || isMalformation(read) || read.kind !== 'used') throw new Error(JSON.stringify(message));
    told.push(`${read.sdkKeys} and ${read.edges}`);
  });
}

test('a key is told of when it is used, and then once a minute however often it is', async () => {
  connect();
  for (let second = 0; second < 180; second++) {
    keeper.note('a');
    await platform.clock.advance(1000);
  }
  expect(told).toEqual([' and ', 'a and ', 'a and ', 'a and ']);
  told = [];
  await platform.clock.advance(180_000);
  expect(told).toEqual([]);
});

test('a key whose stream is open is in use, though nobody asks with it', async () => {
  open = ['a', 'a'];
  connect();
  await platform.clock.advance(120_000);
  expect(told).toEqual(['a and ', 'a and ', 'a and ']);
});

test('edges are told of when they come and when they go', async () => {
  connect();
  edges.add('one').add('two');
  await platform.clock.advance(2000);
  edges.delete('one');
  await platform.clock.advance(2000);
  expect(told).toEqual([' and ', ' and one,two', ' and two']);
});

test('what is used while nobody is above is told when somebody is', async () => {
  edges.add('one');
  keeper.note('a');
  await platform.clock.advance(5000);
  connect();
  keeper.disconnect();
  keeper.note('b');
  await platform.clock.advance(5000);
  connect();
  expect(told).toEqual(['a and one', 'b and one']);
});

test('what was used last is told before a relay ends', () => {
  connect();
  keeper.note('a');
  keeper.close();
  expect(told.at(-1)).toBe('a and ');
  expect(platform.clock.waiting).toEqual([]);
});
