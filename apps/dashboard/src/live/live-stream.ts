import type { Place } from '@sluice/api-client';
import { after, now, openEvents } from '../platform.ts';

/** What the stream tells, as the server's route `…/events` describes it. */
export interface LiveChange {
  readonly id: string;
  readonly version: number;
  readonly flags: readonly string[];
  readonly segments: readonly string[];
  readonly actor: string;
  readonly at: number;
}

export interface LiveConvergence {
  readonly changeId: string;
  readonly version: number;
  readonly has: number;
  readonly of: number;
  readonly refused: number;
  readonly behind: readonly string[];
  readonly atMs: number;
}

export interface LiveFleet {
  readonly instances: number;
  readonly behind: number;
  readonly refused: number;
  readonly gone: number;
}

export type LiveEvent =
  | { readonly kind: 'hello'; readonly version: number }
  | ({ readonly kind: 'change' } & LiveChange)
  | ({ readonly kind: 'convergence' } & LiveConvergence)
  | ({ readonly kind: 'fleet' } & LiveFleet)
  | { readonly kind: 'matters' }
  | { readonly kind: 'reset' };

/** `lost` is said after eight seconds without contact, `reconnecting` after three. */
export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'lost';

export interface LiveStatus {
  readonly state: LiveState;
  /** Of the environment, as far as it was told. */
  readonly version: number | undefined;
  /** Until when this page shows what is so. */
  readonly contactAt: number;
}

const kinds = ['hello', 'change', 'convergence', 'fleet', 'matters', 'reset'] as const;

/** The one stream of a page. It opens itself again; what it missed it is told by version. */
export class LiveStream {
  #status: LiveStatus = { state: 'connecting', version: undefined, contactAt: now() };
  readonly #listeners = new Set<() => void>();
  readonly #hear: (event: LiveEvent) => void;
  readonly #url: string;
  #source: EventSource | undefined;
  #stopWaiting: (() => void) | undefined;

  constructor({ project, environment }: Place, hear: (event: LiveEvent) => void) {
    this.#url = `/api/v1/projects/${encodeURIComponent(project)}/environments/${encodeURIComponent(environment)}/events`;
    this.#hear = hear;
    this.open();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly status = (): LiveStatus => this.#status;

  /** Tries at once. */
  readonly open = (): void => {
    this.#source?.close();
    const source = openEvents(this.#url);
    this.#source = source;
    source.onopen = () => this.#contact();
    source.onerror = () => this.#lose(source);
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => {
        // The server's own events, of the types above.
        this.#take({ kind, ...JSON.parse(event.data || '{}') } as LiveEvent);
      });
    }
  };

  close(): void {
    this.#stopWaiting?.();
    this.#source?.close();
    this.#listeners.clear();
  }

  #take(event: LiveEvent): void {
    this.#contact();
    if (event.kind === 'hello' || event.kind === 'change') this.#set({ version: event.version });
    this.#hear(event);
  }

  #contact(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#set({ state: 'live', contactAt: now() });
  }

  #lose(source: EventSource): void {
    // Also where there was no contact yet, as the page may have come before the server went away.
    if (this.#stopWaiting === undefined) {
      this.#set({ contactAt: now() });
      this.#stopWaiting = after(3000, () => {
        this.#set({ state: 'reconnecting' });
        this.#stopWaiting = after(5000, () => this.#set({ state: 'lost' }));
      });
    }
    // A browser gives up after an answer that is no stream; we do not.
    if (source.readyState === EventSource.CLOSED) after(2000, () => this.#source === source && this.open());
  }

  #set(changed: Partial<LiveStatus>): void {
    this.#status = { ...this.#status, ...changed };
    for (const listener of this.#listeners) listener();
  }
}
