import { FakeClock } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { Limits } from './limits.ts';

function create() {
  const clock = new FakeClock();
  const limits = new Limits(clock);
  const over: string[] = [];
  const begin = (name: string, durationMs: number) => {
    const limit = limits.begin(durationMs);
    limit.onOver = () => void over.push(name);
    return limit;
  };
  return { clock, limits, over, begin };
}

describe('limits', () => {
  test('are over when they are due, and not before, however many and however long they are', async () => {
    const { clock, limits, over, begin } = create();
    begin('a', 300);
    await clock.advance(100);
    begin('b', 100);
    begin('c', 300);
    begin('d', 50);
    await clock.advance(49);
    expect(over).toEqual([]);
    await clock.advance(1);
    expect(over).toEqual(['d']);
    await clock.advance(49);
    expect(over).toEqual(['d']);
    await clock.advance(1);
    expect(over).toEqual(['d', 'b']);
    await clock.advance(100);
    expect(over).toEqual(['d', 'b', 'a']);
    await clock.advance(100);
    expect(over).toEqual(['d', 'b', 'a', 'c']);
    expect(limits.running).toBe(0);
  });

  test('that ended are told of no more, and say whether their time was over', async () => {
    const { clock, over, begin } = create();
    const [first, second, third] = [begin('a', 300), begin('b', 300), begin('c', 300)];
    second.end();
    second.end();
    await clock.advance(300);
    expect(over).toEqual(['a', 'c']);
    third.end();
    expect([first.isOver, second.isOver, third.isOver]).toEqual([true, false, true]);
  });

  test('have one timer, which rests when there is nothing', async () => {
    const { clock, limits, begin } = create();
    for (let at = 0; at < 10_000; at++) begin(String(at), 300 + (at % 5)).end();
    expect(limits.running).toBe(0);
    expect(clock.waiting).toEqual([300]);
    await clock.advance(200);
    begin('last', 300);
    expect(clock.waiting).toEqual([100]);
    await clock.advance(100);
    expect(clock.waiting).toEqual([200]);
    await clock.advance(200);
    expect(clock.waiting).toEqual([]);
  });

  test('keep the process from ending as long as one runs', async () => {
    const { clock, begin } = create();
    expect(clock.isHeld).toBe(false);
    const [first, second] = [begin('a', 300), begin('b', 100)];
    first.end();
    first.end();
    expect(clock.isHeld).toBe(true);
    await clock.advance(100);
    expect([second.isOver, clock.isHeld]).toEqual([true, false]);
    second.end();
    const third = begin('c', 300);
    expect(clock.isHeld).toBe(true);
    third.end();
    expect(clock.isHeld).toBe(false);
  });

  test('may begin while others are told that they are over', async () => {
    const { clock, limits, over, begin } = create();
    const limit = limits.begin(100);
    limit.onOver = () => {
      begin('short', 10);
      begin('equal', 100);
    };
    begin('other', 100);
    await clock.advance(110);
    expect(over).toEqual(['other', 'short']);
    await clock.advance(90);
    expect(over).toEqual(['other', 'short', 'equal']);
    expect(clock.waiting).toEqual([]);
  });

  test('are not concerned when the time of day is set', async () => {
    const { clock, over, begin } = create();
    begin('a', 300);
    clock.setTimeOfDay(0);
    await clock.advance(299);
    expect(over).toEqual([]);
    await clock.advance(1);
    expect(over).toEqual(['a']);
  });
});
