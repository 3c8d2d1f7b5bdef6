import type { Context, LegacyUser } from '@sluice/engine';

/** What callers may pass as context; undefined: whatever the surroundings (request, instance) say. */
export type GivenContext = Context | LegacyUser | undefined;
