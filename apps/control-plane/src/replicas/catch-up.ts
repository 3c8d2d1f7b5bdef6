import type { ChannelRegistry } from '../channels/channel-registry.ts';
import type { Admissions } from '../credentials/admissions.ts';
import type { Database } from '../database/schema.ts';
import { oneAtATime } from '../one-at-a-time.ts';

export interface CatchUpParts {
  readonly db: Database;
  readonly channels: ChannelRegistry;
  readonly admissions: Admissions;
}

/**
 * Makes a look at what other servers wrote: which environments are ahead of this server's channels, and which keys were
 * revoked. Whoever asks for it need not know what changed, or whether anything did.
 */
export function createCatchUp({ db, channels, admissions }: CatchUpParts): () => Promise<void> {
  // Keys are never deleted and revoked for good: as long as it is the same number, they are the same.
  let revoked = 0;
  return oneAtATime(async () => {
    const heads = await db
      .selectFrom('environments')
      .select(['id', 'epoch', 'version'])
      .select(({ selectFrom }) =>
        selectFrom('credentials')
          .select(({ fn }) => fn.count<number>('revokedAt').as('count'))
          .as('revoked'),
      )
      .execute();
    const found = heads[0]?.revoked ?? 0;
    if (found !== revoked) {
      for (const { environmentId, credentialId } of await admissions.takeInRevoked()) {
        await channels.endCredential(environmentId, credentialId);
      }
      revoked = found;
    }
    await channels.refreshBehind(heads);
  });
}
