import type { Intent } from './fdv2.ts';
import type { Selector } from './selector.ts';

/** What a client that connects is to be sent. */
export interface SendPlan {
  readonly intent: Intent;
  /** For people who read the wire; clients do not act on it. */
  readonly reason: 'payload-missing' | 'cant-catchup' | 'stale' | 'up-to-date';
  /** With `xfer-changes`: the version that the client has. */
  readonly since: number;
}

/**
 * Decides what a client with a selector needs from a source at `current`. Undefined: the source is behind its client
 * and must send nothing until it has caught up, so that nobody goes back to an older state.
 */
export function planTransfer(basis: Selector | undefined, current: Selector): SendPlan | undefined {
  if (basis === undefined) return { intent: 'xfer-full', reason: 'payload-missing', since: 0 };
  if (basis.epoch !== current.epoch) return { intent: 'xfer-full', reason: 'cant-catchup', since: 0 };
  if (basis.version > current.version) return undefined;
  if (basis.version === current.version) return { intent: 'none', reason: 'up-to-date', since: basis.version };
  return { intent: 'xfer-changes', reason: 'stale', since: basis.version };
}
