import type { Cidr } from '@sluice/engine';
import type { SignOnSettings } from '../settings.ts';
import type { Attempts } from './attempts.ts';
import type { Auth } from './auth.ts';

/** What the routes of people share. */
export interface PeopleContext {
  readonly auth: () => Promise<Auth>;
  readonly attempts: Attempts;
  readonly csrfKey: string;
  /** Where people reach the server, as the settings say; undefined: wherever their requests come in. */
  readonly publicUrl: string | undefined;
  /** Where links to the server lead: the same, or else where it listens. */
  readonly origin: string;
  /** Whose word for where a request comes from is taken. */
  readonly trustedProxies: readonly Cidr[] | undefined;
  readonly signOn: SignOnSettings | undefined;
}
