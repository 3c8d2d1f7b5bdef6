import { forgetOldPayloads } from './evaluations/evaluation-recorder.ts';
import type { ServerContext } from './server-context.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Answers to repeated requests are kept for a day, evaluations by the minute for two. */
const retention = { idempotencyMs: 24 * hourMs, evaluationsMs: 48 * hourMs };
const stalePeriodMs = 1000;
const usagePeriodMs = 30_000;

/** Work that comes up now and then: publishing what could not be, forgetting what is old, noting when keys were used, logging the chains' heads. */
export function startHousekeeping(context: ServerContext): () => void {
  const { platform, channels, usage, errors } = context;
  const attempt = (name: string, work: () => Promise<void>) => () => {
    work().catch((error: unknown) => errors.write(error, `${name} failed`));
  };
  const stops = [
    platform.every(
      stalePeriodMs,
      attempt('publishing what is not published yet', () => channels.refreshStale()),
    ),
    platform.every(
      usagePeriodMs,
      attempt('noting when keys were used', () => usage.flush()),
    ),
    platform.every(
      10 * minuteMs,
      attempt('forgetting what is old', () => forgetOld(context)),
    ),
    platform.every(
      hourMs,
      attempt('logging the heads of the chains', () => logChainHeads(context)),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

export async function forgetOld({ db, platform }: Pick<ServerContext, 'db' | 'platform'>): Promise<void> {
  const now = platform.now();
  await db
    .deleteFrom('idempotencyKeys')
    .where('createdAt', '<', now - retention.idempotencyMs)
    .execute();
  await db
    .deleteFrom('evaluationMinutes')
    .where('minute', '<', now - retention.evaluationsMs)
    .execute();
  await forgetOldPayloads(db, now);
}

/** The log is a record outside the database: with it, whoever rewrites history is found out. */
export async function logChainHeads({ db, log }: Pick<ServerContext, 'db' | 'log'>): Promise<void> {
  const environments = await db
    .selectFrom('environments')
    .select(['projectKey', 'key', 'version', 'chainHead'])
    .orderBy('id')
    .execute();
  for (const { projectKey, key, version, chainHead } of environments) {
    log.info({ project: projectKey, environment: key, version, chainHead }, 'head of the chain of changes');
  }
}
