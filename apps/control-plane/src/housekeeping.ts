import { evaluationsKeptMs } from '@sluice/authoring';
import { forgetOldContexts } from './contexts/context-recorder.ts';
import { forgetOldPayloads } from './evaluations/evaluation-recorder.ts';
import { createConvergenceRecorder } from './fleet/convergence-record.ts';
import { forgetGoneReplicas } from './fleet/fleet-exchange.ts';
import { forgetOldMismatches } from './migrations/mismatch-store.ts';
import { catchUpListings } from './objects/listing-commands.ts';
import { forgetOldRecoveries } from './people/recovery-commands.ts';
import type { ServerContext } from './server-context.ts';
import { forgetOldSenders } from './telemetry/telemetry-recorder.ts';
import { forgetOldTelemetry, rollUpTelemetry } from './telemetry/telemetry-rollup.ts';

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
/** Answers to repeated requests are kept for a day, evaluations by the minute for two, by the hour for 90. */
const retention = { idempotencyMs: 24 * hourMs, minutesMs: 48 * hourMs, hoursMs: evaluationsKeptMs };

interface Chore {
  readonly name: string;
  readonly periodMs: number;
  readonly work: (context: ServerContext) => Promise<void>;
}

/** What comes up now and then. */
const chores: readonly Chore[] = [
  { name: 'catching up with other servers', periodMs: secondMs, work: catchUp },
  { name: 'looking who leads', periodMs: secondMs, work: ({ leadership }) => leadership.beat() },
  { name: 'noting when keys were used', periodMs: 30 * secondMs, work: noteUsage },
  { name: 'adding up telemetry', periodMs: 10 * secondMs, work: rollUpTelemetry },
  { name: 'listing what earlier releases changed', periodMs: 10 * secondMs, work: catchUpWithOld },
  { name: 'forgetting what is old', periodMs: 10 * minuteMs, work: forgetOld },
  { name: 'noting how far changes got', periodMs: secondMs, work: createConvergenceRecorder() },
  { name: 'logging the heads of the chains', periodMs: hourMs, work: logChainHeads },
];

/**
 * Does the chores until the returned function is called, which resolves when none is under way; whatever fails is tried
 * again at its next time.
 */
export function startHousekeeping(context: ServerContext): () => Promise<void> {
  const underway = new Set<Promise<void>>();
  const stops = chores.map((chore) => {
    const attempt = createAttempt(chore, context);
    return context.platform.every(chore.periodMs, () => {
      const done = attempt().finally(() => underway.delete(done));
      underway.add(done);
    });
  });
  return async () => {
    for (const stop of stops) stop();
    await Promise.all(underway);
  };
}

/** Of failures in a row the first is logged, and the end of them. */
function createAttempt({ name, work }: Chore, context: ServerContext): () => Promise<void> {
  const { log } = context;
  let isRunning = false;
  let isFailing = false;
  return async () => {
    if (isRunning) return;
    isRunning = true;
    try {
      await work(context);
      if (isFailing) log.info(`${name} works again`);
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error({ err: error }, `${name} failed`);
      isFailing = true;
    } finally {
      isRunning = false;
    }
  };
}

/** Announcements may be lost, and so may be what this server wanted to publish itself. */
async function catchUp({ store, channels, catchUp: look }: ServerContext): Promise<void> {
  if (store.isShared || channels.isStale) await look();
}

/** Servers of an earlier release may work on the same database for a while. */
async function catchUpWithOld({ store, db }: ServerContext): Promise<void> {
  if (store.isShared) await catchUpListings(db);
}

/** A key is also used as long as a stream is open that it opened, or a link. */
async function noteUsage({ usage, channels, links, platform }: ServerContext): Promise<void> {
  const now = platform.now();
  for (const edge of links.edges) usage.note('edges', edge, now);
  for (const { subscribers } of (await channels.list()).values()) {
    // Links are among them, for which there is nothing to be written among the SDK keys.
    for (const { credentialId } of subscribers) usage.note('credentials', credentialId, now);
  }
  await usage.flush();
}

async function forgetOld({ store, leadership, contexts, platform }: ServerContext): Promise<void> {
  const now = platform.now();
  await leadership.write(async (writes) => {
    await writes
      .deleteFrom('idempotencyKeys')
      .where('createdAt', '<', now - retention.idempotencyMs)
      .execute();
    await writes
      .deleteFrom('evaluationMinutes')
      .where('minute', '<', now - retention.minutesMs)
      .execute();
    await writes
      .deleteFrom('evaluationHours')
      .where('hour', '<', now - retention.hoursMs)
      .execute();
    await forgetOldRecoveries(writes, now);
    await forgetOldPayloads(writes, now);
    await forgetOldSenders(writes, now);
    await forgetOldTelemetry(writes, now);
    await forgetOldMismatches(writes, now);
    await forgetOldContexts(writes, { now, sampleSize: contexts.sampleSize });
    await forgetGoneReplicas(writes, { isShared: store.isShared, now });
  });
}

/** The log is a record outside the database: with it, whoever rewrites history is found out. */
async function logChainHeads({ db, leadership, log }: ServerContext): Promise<void> {
  if (!leadership.isLeading) return;
  const environments = await db
    .selectFrom('environments')
    .select(['projectKey', 'key', 'version', 'chainHead'])
    .orderBy('id')
    .execute();
  for (const { projectKey, key, version, chainHead } of environments) {
    log.info({ project: projectKey, environment: key, version, chainHead }, 'head of the chain of changes');
  }
}
