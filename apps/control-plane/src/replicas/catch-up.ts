import type { LinkServer } from '@sluice/delivery';
import type { ChannelRegistry } from '../channels/channel-registry.ts';
import type { Admissions } from '../credentials/admissions.ts';
import type { Database } from '../database/schema.ts';
import { oneAtATime } from '../one-at-a-time.ts';

export interface CatchUpParts {
  readonly db: Database;
  readonly channels: ChannelRegistry;
  readonly admissions: Admissions;
  readonly links: Pick<LinkServer, 'refreshKeys'>;
}

/**
 * Makes a look at what other servers wrote: which environments are ahead of this server's channels, and which keys and
 * environments were made or revoked. Whoever asks for it need not know what changed, or whether anything did.
 */
export function createCatchUp({ db, channels, admissions, links }: CatchUpParts): () => Promise<void> {
  // Nothing is ever deleted, and keys are revoked for good: as long as they are as many, they are the same.
  let revoked = 0;
  let known = '';
  return oneAtATime(async () => {
    const heads = await db
      .selectFrom('environments')
      .select(['id', 'epoch', 'version'])
      .select(({ selectFrom }) =>
        selectFrom('credentials')
          .select(({ fn }) => fn.count<number>('revokedAt').as('count'))
          .as('revoked'),
      )
      .select(({ selectFrom }) =>
        selectFrom('credentials')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .as('made'),
      )
      .select(({ selectFrom }) =>
        selectFrom('edges')
          .select(({ fn }) => fn.count<number>('revokedAt').as('count'))
          .as('revokedEdges'),
      )
      .select(({ selectFrom }) =>
        selectFrom('edges')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .as('edges'),
      )
      .execute();
    const [first] = heads;
    const found = first?.revoked ?? 0;
    if (found !== revoked) {
      for (const { environmentId, credentialId } of await admissions.takeInRevoked()) {
        await channels.endCredential(environmentId, credentialId);
      }
      revoked = found;
    }
    const all = [heads.length, found, first?.made, first?.edges, first?.revokedEdges].join();
    if (all !== known) links.refreshKeys();
    known = all;
    await channels.refreshBehind(heads);
  });
}
