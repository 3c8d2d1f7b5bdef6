import type { Role } from '@sluice/authoring';

interface Refusal {
  /** What it takes. */
  readonly needed: Role;
  /** What there is; undefined: nothing. */
  readonly role: Role | undefined;
  /** Who has it; undefined: not known yet. */
  readonly holders: Holders | undefined;
}

interface Holders {
  /** The first of them. */
  readonly names: readonly string[];
  readonly count: number;
}

const has: Readonly<Record<Role, string>> = {
  viewer: 'You can look, not change.',
  operator: 'As an operator you can trip, restore and turn off.',
  editor: 'As an editor you can change flags.',
  admin: 'You are an administrator elsewhere.',
};

const plural: Readonly<Record<Role, string>> = {
  viewer: 'Viewers',
  operator: 'Operators',
  editor: 'Editors',
  admin: 'Administrators',
};

/** So many names help, and more do not. */
const namesTold = 3;

/** Why somebody cannot do something, and who could, in words. */
export function describeRefusal({ needed, role, holders }: Refusal): string {
  const first = role === undefined ? 'You have no role here.' : has[role];
  if (holders === undefined) return `${first} ${plural[needed]} can`;
  if (holders.count === 0) return `${first} ${plural[needed]} could, and there are none here`;
  const names = holders.names.slice(0, namesTold);
  const more = holders.count - names.length;
  return `${first} ${plural[needed]} can: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * The server's refusal as a sentence of the pages. It says: this needs the role operator in `shop/production`; the role
 * here is viewer; these have it: Mara, Jonas
 */
export function describeForbidden(message: string): string {
  if (message.startsWith('x-csrf-token:')) return 'Somebody signed in anew in this browser meanwhile; try again';
  const found = /^this needs the role (\w+) .*?; (?:the role here is (\w+)|there is no role here)(?:; (.*))?$/.exec(
    message,
  );
  // Other refusals are sentences already.
  if (found === null) return message.charAt(0).toUpperCase() + message.slice(1);
  const [, needed, role, could = ''] = found;
  const [, told = '', more = '0'] = /^these have it: (.*?)(?: and (\d+) more)?$/.exec(could) ?? [];
  const names = told === '' ? [] : told.split(', ');
  return describeRefusal({
    // The words of the policy, from the server.
    needed: needed as Role,
    role: role as Role | undefined,
    holders: could === '' ? undefined : { names, count: names.length + Number(more) },
  });
}
