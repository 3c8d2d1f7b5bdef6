/** A fenced block of a Markdown file that is run as it stands. */
export interface DocBlock {
  readonly kind: 'sh' | 'js' | 'ts' | 'http' | 'text';
  /** Words after the language: `background`, `clone`, or a file's name. */
  readonly words: readonly string[];
  readonly text: string;
  /** The `## ` heading that it stands under; empty: before the first. */
  readonly heading: string;
  /** Line of the opening fence. */
  readonly line: number;
}

const kinds: Readonly<Record<string, DocBlock['kind']>> = { sh: 'sh', js: 'js', ts: 'ts', http: 'http', text: 'text' };

/**
 * The blocks of a document in order:
 * - `sh` runs in one shell for the whole document; with `background` it goes on while the rest runs; with `clone` it
 *   belongs to a clone of the repository and not to an empty folder;
 * - `js` and `ts` are written to the file that they name;
 * - `http` is sent as a request;
 * - each line of a `text` block is expected in what the blocks before it print, `…` standing for anything.
 * Blocks of other languages, such as `json`, only illustrate.
 */
export function listDocBlocks(markdown: string): readonly DocBlock[] {
  const blocks: DocBlock[] = [];
  const lines = markdown.split('\n');
  let heading = '';
  for (let index = 0; index < lines.length; index++) {
    [, heading = heading] = /^## (.*)$/.exec(lines[index] ?? '') ?? [];
    const [, language = '', rest = ''] = /^```(\w+)(.*)$/.exec(lines[index] ?? '') ?? [];
    const kind = kinds[language];
    if (language === '') continue;
    const end = lines.indexOf('```', index + 1);
    if (end < 0) throw new Error(`the block that starts in line ${index + 1} does not end`);
    if (kind !== undefined) {
      const text = lines.slice(index + 1, end).join('\n');
      blocks.push({ kind, words: rest.trim().split(/\s+/).filter(Boolean), text, heading, line: index + 1 });
    }
    index = end;
  }
  return blocks;
}
