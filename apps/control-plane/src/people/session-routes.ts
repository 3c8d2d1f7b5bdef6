import { type SessionView, sessionView, totpNeededView } from '@sluice/api-client';
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { ServerError } from '../errors.ts';
import { findTokenOf } from '../http/authentication.ts';
import type { App } from '../http/zod-routes.ts';
import { listSeen } from '../projects/project-view.ts';
import type { ServerContext } from '../server-context.ts';
import type { Actor } from './actor.ts';
import type { Way } from './attempts.ts';
import { maxPasswordLength, minPasswordLength, signOnId } from './auth.ts';
import { createCsrfToken, refuseForeignOrigin, refuseForgery } from './csrf.ts';
import { findPersonOf, passCookies, toAuthHeaders } from './find-person.ts';
import { acceptInvitation, isSetUp } from './invitation-commands.ts';
import { listHolders } from './list-holders.ts';
import { findPerson, parseGrants } from './people-queries.ts';
import { recover } from './recovery-commands.ts';

export const emailSchema = z.email('an e-mail address').max(256);

const loginBody = z.strictObject({ email: emailSchema, password: z.string().min(1).max(maxPasswordLength) });

/** Or a backup code. */
const loginCodeBody = z.strictObject({ code: z.string().min(6).max(32) });

export const codeBody = z.strictObject({ code: z.string().regex(/^\d{6}$/, 'six digits') });

const recoveryBody = z.strictObject({
  token: z.string().min(1).max(64),
  password: z.string().min(minPasswordLength).max(maxPasswordLength),
});

const acceptBody = recoveryBody.extend({
  email: emailSchema,
  name: z.string().trim().min(1).max(256),
});

interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** `token`: what its cookie holds, signed. */
interface NewSession {
  readonly personId: string;
  readonly token: string;
}

/** Logging in and out, which nobody has to be logged in for. */
export function addSessionRoutes(app: App, context: ServerContext): void {
  const { db, platform, people } = context;

  app.get(
    '/session',
    { schema: { summary: 'Who is logged in, and what they may do', response: { 200: sessionView } } },
    async (request, reply) => {
      const actor = (await findTokenOf(request, context)) ?? (await findPersonOf(request, reply, context));
      return describe(actor);
    },
  );

  app.post(
    '/session',
    { schema: { summary: 'Log in', body: loginBody, response: { 200: sessionView, 202: totpNeededView } } },
    async (request, reply) => {
      const { email, password } = request.body;
      admit(request, 'password', email);
      const view = await logIn(request, reply, { email, password });
      if (view !== undefined) return view;
      reply.code(202);
      return { needsTotp: true as const };
    },
  );

  app.post(
    '/session/totp',
    {
      schema: {
        summary: 'Finish a login with a code of the authenticator app',
        body: loginCodeBody,
        response: { 200: sessionView },
      },
    },
    async (request, reply) => {
      admit(request, 'code');
      const { api } = await people.auth();
      const answer = { body: request.body, headers: toAuthHeaders(request), returnHeaders: true } as const;
      const isFromApp = /^\d{6}$/.test(request.body.code);
      const { headers, response } = await (isFromApp ? api.verifyTOTP(answer) : api.verifyBackupCode(answer)).catch(
        refuseLogin('this code is wrong, or the login took too long; log in again'),
      );
      passCookies(headers, reply);
      return describeNew({ personId: response.user.id, token: response.token ?? '' });
    },
  );

  app.delete(
    '/session',
    { schema: { summary: 'Log out', response: { 204: z.undefined() } } },
    async (request, reply) => {
      const actor = await findPersonOf(request, reply, context);
      if (actor?.person !== undefined) {
        refuseForeignOrigin(request, people.publicUrl);
        refuseForgery(request, actor.person.csrfToken);
        const { api } = await people.auth();
        const { headers } = await api.signOut({ headers: toAuthHeaders(request), returnHeaders: true });
        passCookies(headers, reply);
      }
      reply.code(204);
      return undefined;
    },
  );

  for (const [path, summary] of [
    ['/setup', 'Become the first administrator, by the setup link'],
    ['/invitations/accept', 'Accept an invitation, and choose a password'],
  ] as const) {
    app.post(
      path,
      { schema: { summary, body: acceptBody, response: { 201: sessionView } } },
      async (request, reply) => {
        admit(request, 'link');
        const { password, ...who } = request.body;
        const passwordHash = await hashPassword(password);
        const accepted = await db
          .transaction()
          .execute((writes) =>
            acceptInvitation(writes, { ...who, passwordHash, isSetup: path === '/setup' }, platform),
          );
        request.log.info({ person: accepted.id, name: who.name, grants: accepted.grants }, 'somebody came in');
        const view = await logIn(request, reply, { email: who.email, password });
        if (view === undefined) throw new RangeError('nobody has an authenticator app before they come in');
        reply.code(201);
        return view;
      },
    );
  }

  app.post(
    '/session/recovery',
    {
      schema: {
        summary: 'Come back by a link: choose another password; ends all sessions of before, and the second factor',
        body: recoveryBody,
        response: { 201: sessionView },
      },
    },
    async (request, reply) => {
      admit(request, 'link');
      const { token, password } = request.body;
      const passwordHash = await hashPassword(password);
      const { id, name, email } = await db
        .transaction()
        .execute((writes) => recover(writes, { token, passwordHash }, platform));
      request.log.info({ person: id, name }, 'somebody came back by a link');
      const session = await signIn(request, reply, { email, password });
      if (session === undefined) throw new RangeError('nobody has an authenticator app when they come back');
      // Of a login with the old password that was under way.
      await db.deleteFrom('sessions').where('personId', '=', id).where('token', '!=', session.token).execute();
      reply.code(201);
      return describeNew(session);
    },
  );

  async function hashPassword(password: string): Promise<string> {
    const auth = await people.auth();
    return (await auth.$context).password.hash(password);
  }

  /** Counts an attempt to get in, by which no page of somebody else may log anybody in. */
  function admit(request: FastifyRequest, by: Way, email?: string): void {
    refuseForeignOrigin(request, people.publicUrl);
    people.attempts.count({ by, address: request.ip, ...(email !== undefined && { email }) });
  }

  /** Undefined: a code is needed too. */
  async function logIn(
    request: FastifyRequest,
    reply: FastifyReply,
    credentials: Credentials,
  ): Promise<SessionView | undefined> {
    const session = await signIn(request, reply, credentials);
    return session && describeNew(session);
  }

  async function signIn(
    request: FastifyRequest,
    reply: FastifyReply,
    body: Credentials,
  ): Promise<NewSession | undefined> {
    const { api } = await people.auth();
    const { headers, response } = await api
      .signInEmail({ body, headers: toAuthHeaders(request), returnHeaders: true })
      .catch(refuseLogin('the e-mail address or the password is wrong'));
    passCookies(headers, reply);
    // The plugin answers this instead, which the types do not say.
    if ('twoFactorRedirect' in response) return undefined;
    return { personId: response.user.id, token: response.token };
  }

  /** Right after a login: the request does not have the cookie yet. */
  async function describeNew({ personId: id, token }: NewSession): Promise<SessionView> {
    const person = await findPerson(db, id);
    if (person === undefined) throw new ServerError('unauthorized', 'you were removed meanwhile');
    const { email, name, grantsJson, twoFactorEnabled } = person;
    const csrfToken = createCsrfToken(people.csrfKey, token);
    const loggedIn = { email, hasTotp: twoFactorEnabled === 1, sessionId: '', csrfToken };
    return describe({ id, name, grants: parseGrants(grantsJson), person: loggedIn });
  }

  async function describe(actor: Actor | undefined): Promise<SessionView> {
    const { signOn } = people;
    const { id = '', name = '', grants = [], person } = actor ?? {};
    const projects = await listSeen(db, grants);
    return {
      person: person === undefined ? null : { id, name, email: person.email, hasTotp: person.hasTotp },
      csrfToken: person?.csrfToken ?? null,
      isSetUp: await isSetUp(db),
      singleSignOn: signOn === undefined ? [] : [{ id: signOnId, name: signOn.name }],
      grants,
      projects,
      holders: person === undefined ? [] : await listHolders(db, grants, projects),
    };
  }
}

/** What better-auth refuses is told in one sentence for all reasons; what it could not do is an error. */
export function refuseLogin(message: string): (error: unknown) => never {
  return (error) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (status === 429) throw new ServerError('too-many-requests', 'there were too many wrong codes; come again later');
    if (status >= 400 && status < 500) throw new ServerError('wrong-credentials', message, { cause: error });
    throw error;
  };
}
