import { breakSomewhere, listStumbles, wholeFlag, wholeSegment } from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFlagFile } from './file-source.ts';

const whole = {
  flags: { whole: wholeFlag, written: { on: true, variations: ['a'], fallthrough: { variation: 0 } } },
  segments: { whole: wholeSegment },
  flagValues: { banner: 'plain', limits: { size: [1, null] } },
};

/** Takes a file as the source does: what it refuses is said, and what it takes can be loaded and evaluated. */
function expectSound(text: string): number {
  let objects: ReturnType<typeof parseFlagFile>;
  try {
    objects = parseFlagFile(text);
  } catch (error) {
    // A sentence about the file, and no accident within the parser.
    expect([Error, SyntaxError]).toContain((error as Error).constructor);
    return 0;
  }
  const flags = objects.flatMap((object) => (object.kind === 'flag' ? [object.flag] : []));
  const segments = objects.flatMap((object) => (object.kind === 'segment' ? [object.segment] : []));
  expect(listStumbles(flags, segments)).toEqual([]);
  return objects.length;
}

describe('a file of flags', () => {
  test('that is broken somewhere is refused in words, or has flags that can be evaluated', () => {
    let taken = 0;
    fc.assert(
      fc.property(breakSomewhere(fc.constant(whole)), (file) => {
        taken += expectSound(JSON.stringify(file));
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(2000);
  });

  test('that is any text is refused in words', () => {
    const json = JSON.stringify(whole);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.nat(json.length).map((end) => json.slice(0, end)),
        ),
        (text) => {
          expectSound(text);
        },
      ),
    );
  });
});
