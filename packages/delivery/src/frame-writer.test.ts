import { describe, expect, test } from 'vitest';
import { FrameWriter, type WriteTarget } from './frame-writer.ts';

type WriteCallback = (error: Error | null | undefined) => void;

/** A connection that takes in what is written when the test says so. */
class FakeTarget implements WriteTarget {
  readonly written: Buffer[] = [];
  readonly #waiting: { readonly size: number; readonly callback: WriteCallback | undefined }[] = [];
  ended = 0;

  write(bytes: Uint8Array, callback?: WriteCallback): boolean {
    if (this.ended > 0) throw new Error('written after the end');
    this.written.push(Buffer.from(bytes));
    this.#waiting.push({ size: bytes.length, callback });
    return false;
  }

  get writableLength(): number {
    return this.#waiting.reduce((sum, { size }) => sum + size, 0);
  }

  end(): void {
    this.ended++;
  }

  /** Takes in what was written; how many writes. */
  take(error?: Error): number {
    const taken = this.#waiting.splice(0);
    for (const { callback } of taken) callback?.(error);
    return taken.length;
  }

  takeAll(): void {
    while (this.take() > 0);
  }

  get sizes(): readonly number[] {
    return this.written.map(({ length }) => length);
  }
}

const piece = 64 * 1024;
const pattern = Buffer.from(Array.from({ length: 251 }, (_, at) => at));
const bytesOf = (size: number): Buffer => Buffer.alloc(size, pattern);

function create() {
  const target = new FakeTarget();
  return { target, writer: new FrameWriter(target) };
}

describe('a frame', () => {
  test.each([
    [1, [1]],
    [piece, [piece]],
    [piece + 1, [piece, 1]],
    [2 * piece, [piece, piece]],
    [1_000_000, [...Array.from({ length: 15 }, () => piece), 1_000_000 - 15 * piece]],
  ])('of %i bytes leaves in pieces, each after the one before', (size, sizes) => {
    const { target, writer } = create();
    const bytes = bytesOf(size);
    writer.send(bytes, () => undefined);
    for (let at = 1; at < sizes.length; at++) {
      expect(target.sizes).toEqual(sizes.slice(0, at));
      expect(writer.leftBytes).toBe((at - 1) * piece);
      expect(target.take()).toBe(1);
    }
    target.take();
    expect(target.sizes).toEqual(sizes);
    expect(Buffer.concat(target.written).equals(bytes)).toBe(true);
    expect([writer.leftBytes, writer.isIdle]).toEqual([size, true]);
  });

  test('that is small is written as it is: nothing is copied for each of many clients', () => {
    const written: Uint8Array[] = [];
    const writer = new FrameWriter({
      write: (bytes) => written.push(bytes) > 0,
      end: () => undefined,
      writableLength: 0,
    });
    const bytes = bytesOf(100);
    writer.send(bytes);
    expect(written[0]).toBe(bytes);
  });

  test('waits for those before it', () => {
    const { target, writer } = create();
    for (const text of ['a', 'b', 'c']) writer.send(Buffer.from(text));
    expect(target.written.join()).toBe('a,b');
    target.takeAll();
    expect(target.written.join()).toBe('a,b,c');
    writer.send(Buffer.from('d'));
    expect(target.written.join()).toBe('a,b,c,d');
  });

  test('does not come into the middle of a large one', () => {
    const { target, writer } = create();
    const large = bytesOf(3 * piece);
    writer.send(large);
    target.take();
    writer.send(Buffer.from('small'));
    target.takeAll();
    expect(Buffer.concat(target.written).equals(Buffer.concat([large, Buffer.from('small')]))).toBe(true);
  });
});

describe('whoever waits for a frame to leave', () => {
  test('is told once, when all of it has left', () => {
    const { target, writer } = create();
    const told: string[] = [];
    writer.send(bytesOf(2 * piece), () => void told.push('large'));
    writer.send(bytesOf(1), () => void told.push('small'));
    target.take();
    expect(told).toEqual([]);
    target.take();
    expect(told).toEqual(['large']);
    target.take();
    expect(told).toEqual(['large', 'small']);
    expect(target.take()).toBe(0);
  });

  test('may send more, which comes after what waits', () => {
    const { target, writer } = create();
    writer.send(Buffer.from('a'), () => writer.send(Buffer.from('c')));
    writer.send(Buffer.from('b'));
    target.takeAll();
    expect(target.written.join()).toBe('a,b,c');
  });

  test('may send more when nothing waits', () => {
    const { target, writer } = create();
    writer.send(Buffer.from('a'), () => writer.send(Buffer.from('b')));
    target.takeAll();
    expect(target.written.join()).toBe('a,b');
    expect(writer.isIdle).toBe(true);
  });

  test('may end the connection', () => {
    const { target, writer } = create();
    writer.send(Buffer.from('a'), () => writer.end());
    target.takeAll();
    expect(target.ended).toBe(1);
  });

  test('may end the connection after what waits', () => {
    const { target, writer } = create();
    writer.send(Buffer.from('a'), () => writer.end());
    writer.send(Buffer.from('b'));
    target.takeAll();
    expect([target.written.join(), target.ended]).toEqual(['a,b', 1]);
  });

  test('hears nothing when the connection is gone, and nothing more is written', () => {
    const { target, writer } = create();
    const told: string[] = [];
    writer.send(bytesOf(2 * piece), () => void told.push('large'));
    writer.send(bytesOf(1), () => void told.push('small'));
    target.take(new Error('EPIPE'));
    expect(target.take()).toBe(0);
    expect([told, writer.leftBytes, target.sizes]).toEqual([[], 0, [piece]]);
  });
});

describe('the end', () => {
  test('comes at once when nothing is under way', () => {
    const { target, writer } = create();
    writer.end();
    expect(target.ended).toBe(1);
  });

  test('comes after what was sent, once', () => {
    const { target, writer } = create();
    writer.send(bytesOf(2 * piece));
    writer.send(Buffer.from('last'));
    writer.end();
    target.take();
    target.take();
    expect(target.ended).toBe(0);
    target.take();
    expect(target.ended).toBe(1);
    expect(String(target.written.at(-1))).toBe('last');
    expect(target.take()).toBe(0);
  });

  test('is followed by nothing, whoever still wants to send', () => {
    const { target, writer } = create();
    writer.send(Buffer.from('last'));
    writer.end();
    writer.send(Buffer.from('a heartbeat'));
    target.takeAll();
    writer.send(Buffer.from('an answer'));
    target.takeAll();
    expect([target.written.join(), target.ended]).toEqual(['last', 1]);
  });
});

test('a writer is idle exactly while nothing is under way', () => {
  const { target, writer } = create();
  const seen = [writer.isIdle];
  writer.send(bytesOf(piece + 1));
  seen.push(writer.isIdle);
  target.take();
  seen.push(writer.isIdle);
  target.take();
  seen.push(writer.isIdle);
  expect(seen).toEqual([true, false, false, true]);
});
