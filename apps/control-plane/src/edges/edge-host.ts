import type { ErrorLog } from '@sluice/delivery';
import { type Confirmation, hashKey, type LinkHost, retryAfterSeconds } from '@sluice/delivery';
import type { LinkKeys } from '@sluice/protocol';
import type { Logger } from 'pino';
import type { ChannelRegistry } from '../channels/channel-registry.ts';
import type { ContextRecorder } from '../contexts/context-recorder.ts';
import type { KeyUsage } from '../credentials/key-usage.ts';
import type { Database } from '../database/schema.ts';
import type { EvaluationRecorder } from '../evaluations/evaluation-recorder.ts';
import type { Platform } from '../platform.ts';
import type { TelemetryRecorder } from '../telemetry/telemetry-recorder.ts';
import { environmentIdsOf, findEdgeByHash, listEdges, toEdgeKeyEntry } from './edge-queries.ts';

export interface EdgeHostParts {
  readonly db: Database;
  readonly channels: ChannelRegistry;
  readonly evaluations: EvaluationRecorder;
  readonly telemetry: TelemetryRecorder;
  readonly contexts: ContextRecorder;
  readonly usage: KeyUsage;
  readonly platform: Platform;
  readonly log: Logger;
  readonly errors: ErrorLog;
  readonly confirmArrivals: () => Promise<Confirmation>;
  /** What lets the workers of this very server in. */
  readonly workerKey: string;
}

/** Workers may serve every environment. */
const workerCredential = 'worker';

/** What edges and workers need from the control plane. */
export function createEdgeHost({
  db,
  channels,
  evaluations,
  telemetry,
  contexts,
  usage,
  platform,
  log,
  errors,
  confirmArrivals,
  workerKey,
}: EdgeHostParts): LinkHost {
  async function listKeys(credentialId: string): Promise<LinkKeys | undefined> {
    const edges = await listEdges(db);
    const own = edges.find(({ id }) => id === credentialId);
    if (own === undefined && credentialId !== workerCredential) return undefined;
    const environments = await db.selectFrom('environments').select('id').orderBy('id').execute();
    const all = environments.map(({ id }) => id);
    const may = new Set(own === undefined ? all : environmentIdsOf(own));
    const rows = await db
      .selectFrom('credentials')
      .select(['id', 'environmentId', 'hash'])
      .where('kind', '=', 'sdk-key')
      .where('revokedAt', 'is', null)
      .orderBy('id')
      .execute();
    return {
      environmentIds: all.filter((id) => may.has(id)),
      sdkKeys: rows
        .filter(({ environmentId }) => may.has(environmentId))
        .map(({ id, environmentId, hash }) => ({ hash, credentialId: id, environmentId })),
      edgeKeys: edges.map(toEdgeKeyEntry).filter((edge) => edge.environmentIds.every((id) => may.has(id))),
    };
  }

  return {
    path: [],
    admitRelay: async (key) => {
      if (key === workerKey) return { credentialId: workerCredential, name: undefined };
      const edge = await findEdgeByHash(db, hashKey(key));
      if (edge === undefined) return 'unknown';
      usage.note('edges', edge.id, platform.now());
      return { credentialId: edge.id, name: edge.name };
    },
    findChannel: (environmentId) => channels.open(environmentId),
    listKeys,
    findSdkKey: async (hash) => {
      const row = await db
        .selectFrom('credentials')
        .select(['id as credentialId', 'environmentId', 'hash'])
        .where('hash', '=', hash)
        .where('kind', '=', 'sdk-key')
        .where('revokedAt', 'is', null)
        .executeTakeFirst();
      return row;
    },
    recordCounts: (environmentId, batch) => evaluations.recordCounts(environmentId, batch),
    recordContexts: (environmentId, seen) => contexts.recordContexts(environmentId, seen),
    recordWindow: (environmentId, report) => telemetry.record(environmentId, report),
    confirmArrivals,
    noteUse: (credentialIds) => {
      for (const id of credentialIds) usage.note('credentials', id, platform.now());
    },
    retryAfterSeconds: () => retryAfterSeconds(platform),
    logWarning: (fields, message) => log.warn(fields, message),
    logError: (error, message) => errors.write(error, message),
    logDebug: (message) => log.debug(message),
  };
}
