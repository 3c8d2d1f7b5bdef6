import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toLogFields } from '../changes/change-log.ts';
import type { AppliedChange } from '../changes/write-change.ts';
import type { SecretBox } from '../credentials/secret-box.ts';
import type { Writes } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import type { ServerContext } from '../server-context.ts';
import type { Actor } from '../tokens/token-commands.ts';

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
 * Runs a command: one transaction, then publishing. With an `Idempotency-Key` the answer is kept in the same
 * transaction, so that a repetition gets the first answer and does nothing.
 */
export async function runCommand<Body>(
  context: ServerContext,
  request: FastifyRequest,
  reply: Pick<FastifyReply, 'code' | 'header'>,
  command: (writes: Writes) => Promise<CommandResult<Body>>,
): Promise<Body> {
  const { db, box, channels, errors } = context;
  const repeat = readIdempotencyKey(request);
  const transaction = await db.startTransaction().execute();
  let result: CommandResult<Body>;
  try {
    const earlier = repeat === undefined ? undefined : await findAnswer(transaction, repeat, box);
    if (earlier !== undefined) {
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
    if (repeat !== undefined) await keepAnswer(transaction, repeat, result, context);
    await transaction.commit().execute();
  } catch (error) {
    if (!transaction.isCommitted && !transaction.isRolledBack) await transaction.rollback().execute();
    throw error;
  }
  context.metrics.changes.inc(result.changes?.length ?? 0);
  for (const { environment } of result.changes ?? []) {
    const { projectKey: project, key } = environment;
    channels
      .refresh(environment.id)
      .catch((error: unknown) =>
        errors.write(error, 'a change is stored but not published yet', { project, environment: key }),
      );
  }
  logResult(request, result);
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

async function findAnswer(
  writes: Writes,
  { actor, key, requestHash }: Repeatable,
  box: SecretBox,
): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
  const row = await writes
    .selectFrom('idempotencyKeys')
    .selectAll()
    .where('tokenId', '=', actor.tokenId)
    .where('key', '=', key)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.requestHash !== requestHash) {
    throw new ServerError('idempotency-key-reused', 'this Idempotency-Key was used for a different request');
  }
  return { status: row.status, body: JSON.parse(box.open(row.sealedBody)) };
}

async function keepAnswer(
  writes: Writes,
  { actor, key, requestHash }: Repeatable,
  { status, body }: CommandResult<unknown>,
  { box, platform }: Pick<ServerContext, 'box' | 'platform'>,
): Promise<void> {
  await writes
    .insertInto('idempotencyKeys')
    .values({
      tokenId: actor.tokenId,
      key,
      requestHash,
      status,
      sealedBody: box.seal(JSON.stringify(body ?? null)),
      createdAt: platform.now(),
    })
    .execute();
}
