import type { ValveRowView } from '@sluice/api-client';
import { readParts, type ScopePart } from './scope.ts';

const words = { account: 'account', route: 'route', ip: 'addresses in', instances: 'instances with' } as const;

/** `Everyone`, `Account acme-logistics only`: the server's words where ours are not enough. */
export function sayScope({
  when,
  scope,
  share,
  exempt,
}: Pick<ValveRowView['trips'][number], 'when' | 'scope' | 'share' | 'exempt'>): string {
  const parts = readParts(when);
  const kept = exempt === true ? ', whatever else is tripped' : '';
  if (share !== undefined || parts === undefined) return `${upper(scope)}${kept}`;
  if (parts.length === 0) return `Everyone${kept}`;
  return `${upper(parts.map(sayPart).join(', '))} only${kept}`;
}

function sayPart({ dimension, attribute, values }: ScopePart): string {
  const what = dimension === 'instances' ? `${words.instances} ${attribute}` : words[dimension];
  const shown = values.slice(0, 3).join(', ');
  return `${what} ${shown}${values.length > 3 ? ` and ${values.length - 3} more` : ''}`;
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
