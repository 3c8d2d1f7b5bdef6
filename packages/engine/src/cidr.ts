/** An IPv4 or IPv6 address as 128 bits; an IPv4 address keeps its place in the last word. */
interface Address {
  readonly family: 4 | 6;
  readonly words: readonly [number, number, number, number];
}

/** A block of addresses that share their first bits. */
export interface Cidr extends Address {
  /** Masks for `words`. */
  readonly mask: readonly [number, number, number, number];
}

/**
 * Parses `10.0.0.0/8`, `2001:db8::/32` or a lone address; undefined when malformed. Bits behind the prefix are
 * ignored.
 */
export function parseCidr(value: unknown): Cidr | undefined {
  if (typeof value !== 'string') return undefined;
  const [text = '', prefix, ...rest] = value.split('/');
  const address = parseAddress(text);
  if (address === undefined || rest.length > 0) return undefined;
  const width = address.family === 4 && !text.includes(':') ? 32 : 128;
  if (prefix !== undefined && !/^(0|[1-9]\d{0,2})$/.test(prefix)) return undefined;
  const bits = prefix === undefined ? width : Number(prefix);
  if (bits > width) return undefined;
  const fromLeft = bits + 128 - width;
  // An IPv4-mapped block shorter than /96 reaches beyond IPv4 and is one of IPv6.
  const family = fromLeft < 96 ? 6 : address.family;
  const mask = [0, 32, 64, 96].map((start) => maskWord(fromLeft - start)) as [number, number, number, number];
  return { family, words: address.words, mask };
}

function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** Parses an address; an IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) is the IPv4 address. */
export function parseAddress(value: unknown): Address | undefined {
  if (typeof value !== 'string' || value.length > 45) return undefined;
  if (!value.includes(':')) {
    const word = parseDottedQuad(value);
    return word === undefined ? undefined : { family: 4, words: [0, 0, 0xffff, word] };
  }
  const groups = parseGroups(value);
  if (groups === undefined) return undefined;
  const words = [0, 2, 4, 6].map((at) => (((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0)) >>> 0);
  const mapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return { family: mapped ? 4 : 6, words: words as [number, number, number, number] };
}

export function cidrContains(block: Cidr, address: Address): boolean {
  if (block.family !== address.family) return false;
  const [a, b, c, d] = address.words;
  const [ba, bb, bc, bd] = block.words;
  const [ma, mb, mc, md] = block.mask;
  return (((a ^ ba) & ma) | ((b ^ bb) & mb) | ((c ^ bc) & mc) | ((d ^ bd) & md)) === 0;
}

/** Whether every address of `narrow` is one of `wide`. */
export function cidrCovers(wide: Cidr, narrow: Cidr): boolean {
  return cidrContains(wide, narrow) && wide.mask.every((mask, word) => (mask & ~(narrow.mask[word] ?? 0)) === 0);
}

function parseDottedQuad(text: string): number | undefined {
  const parts = text.split('.');
  // Leading zeros are refused: some parsers read them as octal.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((word, part) => word * 256 + Number(part), 0);
}

/** The eight 16-bit groups of an IPv6 address, `::` filled in and a trailing dotted quad split up. */
function parseGroups(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => parseGroupList(half, index === halves.length - 1));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function parseGroupList(text: string, isLast: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const quad = isLast && index === parts.length - 1 ? parseDottedQuad(part) : undefined;
    if (quad !== undefined) groups.push(quad >>> 16, quad & 0xffff);
    else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}
