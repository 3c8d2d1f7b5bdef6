import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toLogFields } from '../changes/change-log.ts';
import type { AppliedChange } from '../changes/write-change.ts';
import type { SecretBox } from '../credentials/secret-box.ts';
import type { Writes } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import type { Actor } from '../people/actor.ts';
import type { ServerContext } from '../server-context.ts';

/** What a command answers, and what has to happen once it is committed. */
export interface CommandResult<Body = undefined> {
  readonly status: number;
  readonly body: Body;
  /** What was changed in environments: it is published, and logged. */
  readonly changes?: readonly AppliedChange[];
  /** What else the log has to tell. */
  readonly note?: { readonly message: string; readonly fields: object };
  readonly afterCommit?: () => Promise<void>;
  /** Nothing is kept: the command was only tried. */
  readonly dryRun?: boolean;
}

/**
 * Runs a command: one transaction, then publishing. With an `Idempotency-Key` the transaction begins by taking the key
 * and ends by keeping the answer under it, so that a repetition gets the first answer and does nothing.
 */
export async function runCommand<Body>(
  context: ServerContext,
  request: FastifyRequest,
  reply: Pick<FastifyReply, 'code' | 'header'>,
  command: (writes: Writes) => Promise<CommandResult<Body>>,
): Promise<Body> {
  const { store, db, box, channels, errors, platform } = context;
  const repeat = readIdempotencyKey(request);
  const transaction = await db.startTransaction().execute();
  let result: CommandResult<Body>;
  try {
    if (repeat !== undefined && !(await claimKey(transaction, repeat, platform.now()))) {
      const earlier = await getAnswer(transaction, repeat, box);
      await transaction.rollback().execute();
      reply.code(earlier.status).header('idempotency-replayed', 'true');
      // The body that this command answered the first time.
      return earlier.body as Body;
    }
    result = await command(transaction);
    if (result.dryRun === true) {
      await transaction.rollback().execute();
      reply.code(result.status);
      return result.body;
    }
    if (repeat !== undefined) await keepAnswer(transaction, repeat, result, box);
    await store.announce(transaction);
    await transaction.commit().execute();
  } catch (error) {
    if (!transaction.isCommitted && !transaction.isRolledBack) {
      // Where that fails too, the first error says more, and the connection is given up.
      await transaction
        .rollback()
        .execute()
        .catch(() => undefined);
    }
    throw error;
  }
  const changes = (result.changes ?? []).filter(({ isUnchanged }) => !isUnchanged);
  context.metrics.changes.inc(changes.length);
  const publishing = changes.map(({ environment }) =>
    channels.refresh(environment.id).catch((error: unknown) =>
      errors.write(error, 'a change is stored but not published yet', {
        project: environment.projectKey,
        environment: environment.key,
      }),
    ),
  );
  logResult(request, { ...result, changes });
  // Whoever has the answer finds the change served.
  await Promise.all(publishing);
  await result.afterCommit?.();
  reply.code(result.status);
  return result.body;
}

function logResult(
  { log, actor: { name: actor } }: FastifyRequest,
  { changes = [], note }: Pick<CommandResult, 'changes' | 'note'>,
): void {
  for (const change of changes) log.info({ actor, ...toLogFields(change) }, 'changed');
  if (note !== undefined) log.info({ actor, ...note.fields }, note.message);
}

interface Repeatable {
  readonly actor: Actor;
  readonly key: string;
  readonly requestHash: string;
}

function readIdempotencyKey(request: FastifyRequest): Repeatable | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key.length < 1 || key.length > 255) {
    const message = `expected 1 to 255 characters, got ${key.length}`;
    throw new ServerError('invalid-request', `Idempotency-Key: ${message}`, {
      faults: [{ path: 'Idempotency-Key', message }],
    });
  }
  const text = JSON.stringify([request.method, request.url, request.body ?? null]);
  return { actor: request.actor, key, requestHash: createHash('sha256').update(text).digest('base64url') };
}

/**
 * Takes the key for this command; false: it was taken before. Who asks under it meanwhile waits for this command to
 * end, also on another replica.
 */
async function claimKey(writes: Writes, { actor, key, requestHash }: Repeatable, now: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await writes
    .insertInto('idempotencyKeys')
    .values({ tokenId: actor.id, key, requestHash, status: 0, sealedBody: '', createdAt: now })
    .onConflict((conflict) => conflict.columns(['tokenId', 'key']).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows !== 0n;
}

async function getAnswer(
  writes: Writes,
  { actor, key, requestHash }: Repeatable,
  box: SecretBox,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const row = await writes
    .selectFrom('idempotencyKeys')
    .selectAll()
    .where('tokenId', '=', actor.id)
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  if (row.requestHash !== requestHash) {
    throw new ServerError('idempotency-key-reused', 'this Idempotency-Key was used for a different request');
  }
  return { status: row.status, body: JSON.parse(box.open(row.sealedBody)) };
}

async function keepAnswer(
  writes: Writes,
  { actor, key }: Repeatable,
  { status, body }: CommandResult<unknown>,
  box: SecretBox,
): Promise<void> {
  await writes
    .updateTable('idempotencyKeys')
    .set({ status, sealedBody: box.seal(JSON.stringify(body ?? null)) })
    .where('tokenId', '=', actor.id)
    .where('key', '=', key)
    .execute();
}
