type Token = { readonly kind: 'character'; readonly character: string } | { readonly kind: 'one' | 'some' | 'all' };

/** A parsed glob. */
export type Glob = readonly Token[];

/**
 * Parses a glob for paths: `?` is one character (code point) and `*` any run of characters, both without `/`; `**` is any run with
 * `/`; `\` takes the next character as it stands. Undefined when the pattern ends in a lone `\`.
 */
export function parseGlob(value: unknown): Glob | undefined {
  if (typeof value !== 'string') return undefined;
  const tokens: Token[] = [];
  const characters = [...value];
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? '';
    if (character === '?') tokens.push({ kind: 'one' });
    else if (character === '*') {
      const all = characters[index + 1] === '*';
      if (all) index++;
      tokens.push({ kind: all ? 'all' : 'some' });
    } else if (character === '\\') {
      index++;
      const escaped = characters[index];
      if (escaped === undefined) return undefined;
      tokens.push({ kind: 'character', character: escaped });
    } else tokens.push({ kind: 'character', character });
  }
  return tokens;
}

/**
 * Whether the whole text matches. Follows all possibilities at once, so that the time is at most the product of both
 * lengths whatever the pattern.
 */
export function globMatches(glob: Glob, text: string): boolean {
  let places = withStarsPassed(glob, new Set([0]));
  for (const character of text) {
    const next = new Set<number>();
    for (const place of places) {
      const token = glob[place];
      if (token === undefined) continue;
      if (token.kind === 'character') {
        if (token.character === character) next.add(place + 1);
      } else if (token.kind === 'all' || character !== '/') {
        next.add(token.kind === 'one' ? place + 1 : place);
      }
    }
    if (next.size === 0) return false;
    places = withStarsPassed(glob, next);
  }
  return places.has(glob.length);
}

/** Adds the places reached when a star at one of these matches nothing more. Sets visit what is added meanwhile. */
function withStarsPassed(glob: Glob, places: Set<number>): Set<number> {
  for (const place of places) {
    const kind = glob[place]?.kind;
    if (kind === 'some' || kind === 'all') places.add(place + 1);
  }
  return places;
}
