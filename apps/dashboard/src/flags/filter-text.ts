/** What stands behind `name:` in a search; quotes hold values with spaces together. */
export function readFilter(query: string, name: string): string | undefined {
  const [, quoted, plain] = new RegExp(`(?:^|\\s)${name}:(?:"([^"]*)"|(\\S+))`, 'i').exec(query) ?? [];
  return quoted ?? plain;
}

/** The search with a filter in place of the one of that name, or without it. */
export function withFilter(query: string, name: string, value: string | undefined): string {
  const rest = query
    .replace(new RegExp(`(^|\\s)${name}:(?:"[^"]*"|\\S+)`, 'gi'), '$1')
    .replaceAll(/\s+/g, ' ')
    .trim();
  if (value === undefined) return rest;
  const filter = `${name}:${/\s/.test(value) ? `"${value}"` : value}`;
  return rest === '' ? filter : `${rest} ${filter}`;
}
