/**
 * The server names rules by id and spells a changed one twice. On the page of a flag rules have numbers, those that go the
 * number that they had; and of a rule that asks the same as before, only what it serves is told twice.
 */
export function nameRules(text: string, ids: readonly string[], idsBefore: readonly string[]): string {
  const [whole, id = '', rest = ''] = /^rule `([^`]+)`(.*)$/s.exec(text) ?? [];
  const at = ids.includes(id) ? ids.indexOf(id) : idsBefore.indexOf(id);
  if (whole === undefined || at === -1) return text;
  const [, before, after] = /^ changed: (.*) → (.*)$/s.exec(rest) ?? [];
  if (before === undefined || after === undefined) return `Rule ${at + 1}${rest}`;
  const asked = before.slice(0, before.lastIndexOf(': ') + 2);
  return asked !== '' && after.startsWith(asked)
    ? `Rule ${at + 1}, ${asked}${before.slice(asked.length)} → ${after.slice(asked.length)}`
    : `Rule ${at + 1}: ${before} → ${after}`;
}

/**
 * Where rules have no numbers, as in a history, what they ask tells them apart: their ids are for API tokens. Explaining
 * says both the number and the id.
 */
export function withoutRuleIds(text: string): string {
  return text
    .replace(/^rule `[^`]+` (added|removed|changed): /, 'rule $1: ')
    .replace(/^rules in a new order: .*/s, 'rules in a new order')
    .replace(/^(rule \d+) \(`[^`]+`\)/, '$1');
}

export function idsOf(rules: readonly { readonly id: string }[]): readonly string[] {
  return rules.map(({ id }) => id);
}
