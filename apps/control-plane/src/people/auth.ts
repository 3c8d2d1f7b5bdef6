import { createHmac } from 'node:crypto';
import type { Database } from '../database/schema.ts';
import { createId } from '../ids.ts';
import type { Platform } from '../platform.ts';
import type { SignOnSettings } from '../settings.ts';
import { findOwner } from './names.ts';

/** What better-auth needs to know of the server. */
export interface AuthOptions {
  readonly db: Database;
  readonly platform: Platform;
  readonly log: { readonly warn: (fields: object, message: string) => void };
  /** Where people reach the server. */
  readonly origin: string;
  /** Of the server; what better-auth signs with is made of it. */
  readonly secret: string;
  readonly signOn: SignOnSettings | undefined;
}

/** Where better-auth would serve; of its paths only the return from single sign-on is known to anybody else. */
export const signOnPath = '/api/v1/session/sign-on';

/** The one provider of single sign-on. */
export const signOnId = 'oidc';

export type Auth = Awaited<ReturnType<typeof loadAuth>>;

/** Whoever logs in or comes with a cookie needs it; it takes 40 MB, which servers without people do without. */
export function createAuth(options: AuthOptions): () => Promise<Auth> {
  let loaded: Promise<Auth> | undefined;
  return () => {
    loaded ??= loadAuth(options).catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

async function loadAuth({ db, platform, log, origin, secret, signOn }: AuthOptions) {
  const [{ betterAuth }, { twoFactor }, { genericOAuth }] = await Promise.all([
    import('better-auth'),
    import('better-auth/plugins/two-factor'),
    import('better-auth/plugins/generic-oauth'),
  ]);
  return betterAuth({
    appName: 'Sluice',
    baseURL: origin,
    basePath: signOnPath,
    secret: deriveKey(secret, 'better-auth'),
    // Both databases hold its texts and numbers alike, so that one can be the backup of the other.
    database: { db, type: 'sqlite', transaction: true },
    user: {
      modelName: 'people',
      // Only single sign-on makes people by itself; invitations say what theirs may do.
      additionalFields: {
        grantsJson: {
          type: 'string',
          required: true,
          input: false,
          defaultValue: JSON.stringify(signOn === undefined ? [] : [{ role: signOn.role }]),
        },
      },
    },
    session: { modelName: 'sessions', fields: { userId: 'personId' } },
    account: {
      modelName: 'accounts',
      fields: { userId: 'personId' },
      updateAccountOnSignIn: false,
      accountLinking: { trustedProviders: [] },
    },
    verification: { modelName: 'verifications' },
    databaseHooks: { account: { create: { before: async (account) => ({ data: { ...account, ...noTokens } }) } } },
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength, maxPasswordLength },
    plugins: [
      twoFactor({ schema: { twoFactor: { modelName: 'twoFactors', fields: { userId: 'personId' } } } }),
      genericOAuth({ config: signOn === undefined ? [] : [toProvider(signOn, db)] }),
    ],
    onAPIError: { errorURL: `${origin}/login` },
    // Attempts are counted before they get here, see attempts.ts.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: {
      level: 'error',
      log: (_level, message, ...rest) => log.warn({ rest: rest.map(String) }, `better-auth: ${message}`),
    },
    advanced: {
      cookiePrefix: 'sluice',
      useSecureCookies: origin.startsWith('https:'),
      defaultCookieAttributes: { sameSite: 'lax', httpOnly: true },
      ipAddress: { ipAddressHeaders: [addressHeader] },
      database: { generateId: () => createId(platform), validateSchema: false },
    },
  });
}

export const minPasswordLength = 12;
export const maxPasswordLength = 128;

/** How better-auth is told where a request comes from; what clients say in it is overwritten. */
export const addressHeader = 'x-sluice-address';

/** Nothing is asked of the provider after somebody came in, so nothing is kept to ask with. */
const noTokens = { accessToken: null, refreshToken: null, idToken: null };

/** Whom the provider calls as somebody here is called already is told apart by their address. */
async function findFreeName(db: Database, profile: Readonly<Record<string, unknown>>): Promise<string> {
  const email = String(profile.email ?? '');
  const name = String(profile.name ?? '').trim() || email;
  return (await findOwner(db, name)) === undefined ? name : `${name} (${email})`;
}

function toProvider({ issuer, clientId, clientSecret }: SignOnSettings, db: Database) {
  return {
    providerId: signOnId,
    discoveryUrl: `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`,
    clientId,
    clientSecret,
    scopes: ['openid', 'email', 'profile'],
    pkce: true,
    requireIdTokenVerification: true,
    // What is made of it counts for newcomers only.
    mapProfileToUser: async (profile: Readonly<Record<string, unknown>>) => ({ name: await findFreeName(db, profile) }),
  };
}

/** A key for one purpose, made of the server's secret. */
export function deriveKey(secret: string, purpose: string): string {
  return createHmac('sha256', secret).update(purpose).digest('base64url');
}
