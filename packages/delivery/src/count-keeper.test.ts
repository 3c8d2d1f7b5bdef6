import type { LinkUp } from '@sluice/protocol';
import { createFakeServerPlatform } from '@sluice/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { CountKeeper } from './count-keeper.ts';

let keeper: CountKeeper;
let warned: object[];

beforeEach(() => {
  warned = [];
  const { elapsed, every } = createFakeServerPlatform();
  keeper = new CountKeeper({ elapsed, every, session: 's', logWarning: (fields) => void warned.push(fields) });
});

function count(versions: number): void {
  const made = Array.from({ length: versions }, (_, version) => ({ flagKey: 'a', variation: 0, version, count: 1 }));
  keeper.add('env-1', made);
  keeper.flush();
}

/** How many counters each batch has that is sent when the link is up. */
function listSent(): readonly number[] {
  const sent: number[] = [];
  keeper.connect((message: LinkUp) => void (message.kind === 'counted' && sent.push(message.counts.length)));
  return sent;
}

describe('counts that wait for the link', () => {
  test('are kept for an hour where they are few', () => {
    for (let at = 0; at < 721; at++) count(1);
    expect(listSent()).toHaveLength(720);
    expect(warned).toEqual([{ batches: 1 }]);
  });

  test('are given up earlier, the oldest first, where somebody made up many', () => {
    count(3);
    for (let at = 0; at < 25; at++) count(30_000);
    expect(listSent()).toEqual(Array(25).fill(20_000));
    count(1);
    expect(listSent()).toEqual([...Array(24).fill(20_000), 1]);
  });

  test('make room when they are taken', () => {
    for (let at = 0; at < 25; at++) count(20_000);
    for (let at = 1; at <= 25; at++) keeper.taken(`s-${at}`);
    for (let at = 0; at < 25; at++) count(20_000);
    expect(listSent()).toHaveLength(25);
    expect(warned).toEqual([]);
  });
});
