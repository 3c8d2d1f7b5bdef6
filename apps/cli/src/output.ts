import type { CommandPlatform } from './platform.ts';

/** What a command says. */
export interface Output {
  /** For people: a line, or several. */
  readonly print: (lines: string | readonly string[]) => void;
  /** For programs: exactly what it is. */
  readonly printJson: (value: unknown) => void;
  /** Characters that fit in a line; endless where nobody looks at it. */
  readonly width: number;
}

/** Whatever is printed for people goes through here: names, comments and reasons in it come from others. */
export function createOutput({ print, width }: Pick<CommandPlatform, 'print' | 'width'>): Output {
  return {
    print: (lines) => {
      const plain = [lines].flat().map(toPlain);
      if (plain.length > 0) print(plain.join('\n'));
    },
    printJson: (value) => print(JSON.stringify(value, undefined, 2)),
    width,
  };
}

/** What moves the cursor, ends the line, rings, or turns the order of what stands around it. */
const commandCharacters = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** The text on one line, with all that a terminal would obey written out: `\n`, `\u001b`. */
export function toPlain(text: string): string {
  return text.replaceAll(commandCharacters, (character) => {
    const written = JSON.stringify(character).slice(1, -1);
    return written === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : written;
  });
}
