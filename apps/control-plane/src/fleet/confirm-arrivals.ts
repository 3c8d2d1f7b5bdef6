import type { Confirmation } from '@sluice/delivery';
import { encodeSelector } from '@sluice/protocol';
import type { ChannelRegistry } from '../channels/channel-registry.ts';
import type { FleetExchange } from './fleet-exchange.ts';

export interface ConfirmingParts {
  readonly exchange: Pick<FleetExchange, 'settle'>;
  readonly channels: Pick<ChannelRegistry, 'list'>;
  /** Brings channels up to what the database has. */
  readonly catchUp: () => Promise<void>;
}

/**
 * Confirms that whoever is here now is waited for before a barrier. First all are written where a barrier is judged from,
 * then it is looked how far environments have come: a barrier that was judged before, and so without them, was about a
 * version that was there by then. Whoever has the versions that are told runs none that it did not wait for.
 */
export function createConfirming({ exchange, channels, catchUp }: ConfirmingParts): () => Promise<Confirmation> {
  return async () => {
    const at = await exchange.settle();
    await catchUp();
    const open = [...(await channels.list())];
    return { at, states: Object.fromEntries(open.map(([id, { selector }]) => [id, encodeSelector(selector)])) };
  };
}
