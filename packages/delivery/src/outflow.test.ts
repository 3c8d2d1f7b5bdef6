import { FakeClock } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { Outflow } from './index.ts';

const [kb, mb] = [1024, 1024 * 1024];

function create() {
  const clock = new FakeClock();
  const works: (() => void)[] = [];
  const outflow = new Outflow({
    later: (work) => void works.push(work),
    after: (delayMs, work) => clock.after(delayMs, work),
  });
  /** Lets the event loop go on to its next turn; false: nothing waits for one. */
  function turn(): boolean {
    const work = works.shift();
    work?.();
    return work !== undefined;
  }
  return { outflow, clock, works, turn };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe('what goes to many', () => {
  test.each([0, 1, 255])('goes to %i at once', (count) => {
    const { outflow, works } = create();
    const served: number[] = [];
    outflow.spread(numbers(count), (target) => void served.push(target));
    expect(served).toEqual(numbers(count));
    expect(works).toHaveLength(0);
  });

  test('goes to 256 at a time, so that others have their turn in between', () => {
    const { outflow, turn } = create();
    const served: number[] = [];
    outflow.spread(numbers(1000), (target) => void served.push(target));
    const slices = [served.length];
    while (turn()) slices.push(served.length);
    expect(slices).toEqual([256, 512, 768, 1000]);
    expect(served).toEqual(numbers(1000));
  });

  test('asks for one turn at a time', () => {
    const { outflow, works, turn } = create();
    outflow.spread(numbers(100_000), () => undefined);
    expect(works).toHaveLength(1);
    outflow.spread(numbers(100_000), () => undefined);
    expect(works).toHaveLength(1);
    let turns = 0;
    while (turn()) turns++;
    expect(turns).toBeLessThan(2 * (100_000 / 256 + 2));
  });

  test('goes also to targets that are added meanwhile, and not to those that leave', () => {
    const { outflow, turn } = create();
    const targets = new Set(numbers(300));
    const served: number[] = [];
    outflow.spread(targets, (target) => void served.push(target));
    targets.delete(299);
    targets.delete(0);
    targets.add(1000);
    while (turn());
    expect(served).toEqual([...numbers(299), 1000]);
  });

  test('goes to a target that comes while the last one is served', () => {
    const { outflow } = create();
    const targets = new Set(['a']);
    const served: string[] = [];
    outflow.spread(targets, (target) => {
      served.push(target);
      if (target === 'a') targets.add('b');
    });
    expect(served).toEqual(['a', 'b']);
  });

  test('goes one after the other, in the order in which it was given', () => {
    const { outflow, turn } = create();
    const served: string[] = [];
    for (const name of ['first', 'second', 'third']) {
      outflow.spread(numbers(300), (target) => void served.push(`${name} ${target}`));
    }
    while (turn());
    expect(served).toEqual(['first', 'second', 'third'].flatMap((name) => numbers(300).map((at) => `${name} ${at}`)));
  });

  test('waits its turn also when it is given by whoever is served', () => {
    const { outflow, turn } = create();
    const served: string[] = [];
    outflow.spread(numbers(3), (target) => {
      served.push(`outer ${target}`);
      if (target === 0) outflow.spread(numbers(2), (inner) => void served.push(`inner ${inner}`));
    });
    while (turn());
    expect(served).toEqual(['outer 0', 'outer 1', 'outer 2', 'inner 0', 'inner 1']);
  });

  test('starts at once again after all is done', () => {
    const { outflow, turn } = create();
    outflow.spread(numbers(300), () => undefined);
    while (turn());
    const served: number[] = [];
    outflow.spread([1], (target) => void served.push(target));
    expect(served).toEqual([1]);
  });
});

/** Transfers that start when their turn comes, and end when the test says so. */
function createTransfers({ outflow }: { readonly outflow: Outflow }) {
  const started: string[] = [];
  const releases = new Map<string, () => void>();
  const take = (name: string, sizeBytes: number): (() => void) =>
    outflow.takeTurn(sizeBytes, (release) => {
      started.push(name);
      releases.set(name, release);
    });
  return { started, take, end: (name: string) => releases.get(name)?.() };
}

describe('a transfer', () => {
  test('that is small never waits', () => {
    const setting = create();
    const { started, take } = createTransfers(setting);
    for (let at = 0; at < 1000; at++) take(`small ${at}`, 256 * kb);
    expect(started).toHaveLength(1000);
    expect([setting.outflow.waiting, setting.clock.waiting]).toEqual([0, []]);
  });

  test('that is large waits while 64 MB are on their way', () => {
    const setting = create();
    const { started, take, end } = createTransfers(setting);
    for (const name of ['a', 'b', 'c', 'd', 'e']) take(name, 16 * mb);
    expect(started).toEqual(['a', 'b', 'c', 'd']);
    expect(setting.outflow.waiting).toBe(1);
    end('c');
    expect(started).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(setting.outflow.waiting).toBe(0);
  });

  test('fills what is left to the last byte, and not more', () => {
    const setting = create();
    const { started, take } = createTransfers(setting);
    take('a', 64 * mb - 300 * kb);
    take('b', 300 * kb);
    take('c', 256 * kb + 1);
    expect(started).toEqual(['a', 'b']);
  });

  test('is under way whatever its size: at least one always is', () => {
    const setting = create();
    const { started, take, end } = createTransfers(setting);
    take('huge', 1000 * mb);
    take('also huge', 1000 * mb);
    take('large', 1 * mb);
    expect(started).toEqual(['huge']);
    end('huge');
    expect(started).toEqual(['huge', 'also huge']);
    end('also huge');
    expect(started).toEqual(['huge', 'also huge', 'large']);
  });

  test('has its turn in the order in which it came, so that the huge are not put off for ever', () => {
    const setting = create();
    const { started, take, end } = createTransfers(setting);
    take('a', 40 * mb);
    take('b', 40 * mb);
    take('c', 1 * mb);
    expect(started).toEqual(['a']);
    end('a');
    expect(started).toEqual(['a', 'b', 'c']);
  });

  test('gives up its turn after two seconds: the slow do not hold up the rest', async () => {
    const setting = create();
    const { started, take, end } = createTransfers(setting);
    take('slow', 64 * mb);
    take('next', 64 * mb);
    take('last', 64 * mb);
    await setting.clock.advance(1999);
    expect(started).toEqual(['slow']);
    await setting.clock.advance(1);
    expect(started).toEqual(['slow', 'next']);
    // What ends after its turn frees nothing a second time.
    end('slow');
    end('slow');
    expect(started).toEqual(['slow', 'next']);
    end('next');
    expect(started).toEqual(['slow', 'next', 'last']);
    end('last');
    expect(setting.clock.waiting).toEqual([]);
  });

  test('that is over does not take from later ones what was freed', () => {
    const setting = create();
    const { started, take, end } = createTransfers(setting);
    take('a', 32 * mb);
    take('b', 32 * mb);
    end('a');
    end('a');
    take('c', 32 * mb);
    take('d', 32 * mb);
    expect(started).toEqual(['a', 'b', 'c']);
  });

  test('that is given up before its turn never starts, and keeps nobody waiting', () => {
    const setting = create();
    const { started, take, end } = createTransfers(setting);
    take('a', 64 * mb);
    const giveUp = take('b', 64 * mb);
    take('c', 64 * mb);
    giveUp();
    giveUp();
    expect(setting.outflow.waiting).toBe(1);
    end('a');
    expect(started).toEqual(['a', 'c']);
  });

  test('that is given up after its turn came goes on: it ends as it would', () => {
    const setting = create();
    const { started, take, end } = createTransfers(setting);
    const giveUp = take('a', 64 * mb);
    take('b', 64 * mb);
    giveUp();
    expect(started).toEqual(['a']);
    end('a');
    expect(started).toEqual(['a', 'b']);
  });

  test('may be over as soon as it starts', () => {
    const setting = create();
    const started: number[] = [];
    for (const at of numbers(1000)) {
      setting.outflow.takeTurn(64 * mb, (release) => {
        started.push(at);
        release();
      });
    }
    expect(started).toEqual(numbers(1000));
    expect(setting.clock.waiting).toEqual([]);
  });

  test('may ask for another while it starts', () => {
    const setting = create();
    const { started, take, end } = createTransfers(setting);
    setting.outflow.takeTurn(64 * mb, (release) => {
      take('inner', 64 * mb);
      release();
    });
    expect(started).toEqual(['inner']);
    end('inner');
    expect(setting.outflow.waiting).toBe(0);
  });

  test('of ten thousand that come at once never keeps more than 64 MB under way', async () => {
    const setting = create();
    let [flying, most, ended] = [0, 0, 0];
    const size = 15 * mb;
    for (let at = 0; at < 10_000; at++) {
      setting.outflow.takeTurn(size, (release) => {
        flying += size;
        most = Math.max(most, flying);
        setting.clock.after(10 + (at % 7), () => {
          flying -= size;
          ended++;
          release();
        });
      });
    }
    while (ended < 10_000) await setting.clock.advance(setting.clock.waiting[0] ?? 0);
    expect(most).toBe(4 * size);
    expect(setting.clock.waiting).toEqual([]);
  });
});
