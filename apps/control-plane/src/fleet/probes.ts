import { encodeNotice } from '@sluice/protocol';
import { createId } from '../ids.ts';
import type { ServerContext } from '../server-context.ts';

const periodMs = 10_000;
/** About so many instances answer each time. */
const answersWanted = 50;

/**
 * Asks a few instances of each environment, now and then, to answer at once: how long that takes is known also while
 * nobody changes anything. Returns how to stop.
 */
export function startProbes({ platform, fleet, channels, links }: ServerContext): () => void {
  async function probe(): Promise<void> {
    const open = await channels.list();
    for (const [environmentId, { instances }] of fleet.list()) {
      const reporting = instances.filter(({ contact, isForeign }) => contact.kind === 'connected' && !isForeign);
      if (reporting.length === 0) continue;
      const share = Math.min(1, answersWanted / reporting.length);
      const id = createId(platform);
      fleet.noteProbe(environmentId, id);
      const notice = encodeNotice({ event: 'probe', id });
      open.get(environmentId)?.tell(notice, () => platform.random() < share);
      links.probe(environmentId, id, share);
    }
  }
  return platform.every(periodMs, () => void probe());
}
