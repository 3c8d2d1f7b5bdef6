import {
  invitationView,
  newInvitationView,
  newRecoveryView,
  type PersonView,
  pageOf,
  personView,
} from '@sluice/api-client';
import { grantsSchema } from '@sluice/authoring';
import * as z from 'zod';
import type { PersonRow } from '../database/schema.ts';
import { notFound, ServerError } from '../errors.ts';
import { runCommand } from '../http/commands.ts';
import type { App } from '../http/zod-routes.ts';
import type { ServerContext } from '../server-context.ts';
import { createInvitation } from './invitation-commands.ts';
import { findPerson, listPeople, listRecoveries, parseGrants } from './people-queries.ts';
import { changeGrants, removePerson } from './person-commands.ts';
import { createRecovery, takeRecoveryBack } from './recovery-commands.ts';
import { emailSchema } from './session-routes.ts';

const invitationBody = z.strictObject({ email: emailSchema.optional(), grants: grantsSchema });
const invitationParams = z.object({ invitation: z.string().max(64) });
const personParams = z.object({ person: z.string().max(64) });
const personBody = z.strictObject({ grants: grantsSchema });

/** Who may come in, and what they may do; all of it is for administrators. */
export function addPersonRoutes(app: App, context: ServerContext): void {
  const { db, platform, people } = context;

  app.get(
    '/people',
    { config: { needs: 'admin' }, schema: { summary: 'List people', response: { 200: pageOf(personView) } } },
    async () => {
      const recoveries = await listRecoveries(db, platform.now());
      return { items: (await listPeople(db)).map((row) => toPersonView(row, recoveries)) };
    },
  );

  app.patch(
    '/people/:person',
    {
      schema: {
        summary: 'Say what somebody may do',
        params: personParams,
        body: personBody,
        response: { 200: personView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { person: id } = request.params;
        const { grants } = request.body;
        await changeGrants(writes, id, grants);
        const row = await findPerson(writes, id);
        if (row === undefined) throw notFound('person with the id', id);
        return {
          status: 200,
          body: toPersonView(row, await listRecoveries(writes, platform.now())),
          note: { message: 'said what somebody may do', fields: { person: id, name: row.name, grants } },
        };
      }),
  );

  app.delete(
    '/people/:person',
    {
      schema: {
        summary: 'Remove somebody; their sessions end at once',
        params: personParams,
        response: { 204: z.undefined() },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { person } = request.params;
        await removePerson(writes, person);
        return { status: 204, body: undefined, note: { message: 'removed somebody', fields: { person } } };
      }),
  );

  app.post(
    '/people/:person/recovery',
    {
      schema: {
        summary:
          'Let somebody who lost their password choose another; the link is shown only now, and works once, within a day',
        params: personParams,
        response: { 201: newRecoveryView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { actor } = request;
        // Whoever borrows somebody's session would need no password to take everything over.
        if (actor.person !== undefined && actor.id === request.params.person)
          throw new ServerError('conflict', 'this is you: change your password in your settings');
        const { person, token, expiresAt } = await createRecovery(writes, request.params.person, platform);
        return {
          status: 201,
          body: { link: `${people.origin}/recovery#${token}`, expiresAt },
          note: { message: 'made a link to come back', fields: { person: person.id, name: person.name } },
        };
      }),
  );

  app.delete(
    '/people/:person/recovery',
    {
      schema: {
        summary: 'Take back the link by which somebody may choose another password',
        params: personParams,
        response: { 204: z.undefined() },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { person } = request.params;
        await takeRecoveryBack(writes, person, platform.now());
        return { status: 204, body: undefined, note: { message: 'took back a link to come back', fields: { person } } };
      }),
  );

  app.get(
    '/invitations',
    {
      config: { needs: 'admin' },
      schema: { summary: 'List invitations that nobody accepted yet', response: { 200: pageOf(invitationView) } },
    },
    async () => {
      const rows = await db
        .selectFrom('invitations')
        .selectAll()
        .where('expiresAt', '>', platform.now())
        .orderBy('createdAt')
        .orderBy('id')
        .execute();
      return {
        items: rows.map(({ id, email, grantsJson, createdAt, expiresAt }) => ({
          id,
          email,
          grants: parseGrants(grantsJson),
          createdAt,
          expiresAt: expiresAt ?? 0,
        })),
      };
    },
  );

  app.post(
    '/invitations',
    {
      schema: {
        summary: 'Invite somebody; the link is shown only now, and lets one person in within a week',
        body: invitationBody,
        response: { 201: newInvitationView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { email, grants } = request.body;
        const { token, expiresAt } = await createInvitation(writes, { email, grants }, platform);
        return {
          status: 201,
          body: { link: `${people.origin}/invitation#${token}`, expiresAt },
          note: { message: 'invited somebody', fields: { email, grants } },
        };
      }),
  );

  app.delete(
    '/invitations/:invitation',
    {
      schema: { summary: 'Take an invitation back', params: invitationParams, response: { 204: z.undefined() } },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { invitation } = request.params;
        const { numDeletedRows } = await writes
          .deleteFrom('invitations')
          .where('id', '=', invitation)
          .where('expiresAt', 'is not', null)
          .executeTakeFirst();
        if (numDeletedRows === 0n) throw notFound('invitation with the id', invitation);
        return { status: 204, body: undefined, note: { message: 'took an invitation back', fields: { invitation } } };
      }),
  );
}

function toPersonView(
  { id, email, name, twoFactorEnabled, grantsJson, createdAt }: PersonRow,
  recoveries: ReadonlyMap<string, number>,
): PersonView {
  return {
    id,
    email,
    name,
    hasTotp: twoFactorEnabled === 1,
    grants: parseGrants(grantsJson),
    createdAt: Date.parse(createdAt),
    recoveryExpiresAt: recoveries.get(id) ?? null,
  };
}
