import type { Place } from '@sluice/api-client';

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
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'reset' }
  /** Not told, but found: the answer was no stream, as where a session ended or an environment is not there. */
  | { readonly kind: 'refused' };

/** `lost` is said after eight seconds without contact, `reconnecting` after three. */
export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'lost';

export interface LiveStatus {
  readonly state: LiveState;
  /** Of the environment, as far as it was told. */
  readonly version: number | undefined;
  /** Until when this page shows what is so. */
  readonly contactAt: number;
}

const kinds = ['hello', 'change', 'convergence', 'fleet', 'matters', 'heartbeat', 'reset'] as const;

/** What a stream needs of the browser. */
export interface StreamPlatform {
  now(): number;
  after(delayMs: number, call: () => void): () => void;
  every(intervalMs: number, call: () => void): () => void;
  openEvents(url: string): EventSource;
  onSeen(hear: (isSeen: boolean) => void): () => void;
}

/** Three heartbeats of the server: a connection that was cut where nobody noticed says nothing, for hours. */
const silenceMs = 45_000;
/** By the time of day, as timers stand still while a machine sleeps. */
const checkMs = 5000;
/** A browser opens six connections to a server at once, for all its tabs: one that nobody looks at gives its up. */
const hiddenMs = 60_000;

/** The one stream of a page. It opens itself again, and says hello with the version that there is by then. */
export class LiveStream {
  #status: LiveStatus;
  readonly #listeners = new Set<() => void>();
  readonly #hear: (event: LiveEvent) => void;
  readonly #url: string;
  readonly #platform: StreamPlatform;
  readonly #stops: readonly (() => void)[];
  /** Undefined while nobody looks. */
  #source: EventSource | undefined;
  #heardAt = 0;
  #stopWaiting: (() => void) | undefined;
  #stopSleeping = (): void => undefined;

  constructor({ project, environment }: Place, hear: (event: LiveEvent) => void, platform: StreamPlatform) {
    this.#url = `/api/v1/projects/${encodeURIComponent(project)}/environments/${encodeURIComponent(environment)}/events`;
    this.#hear = hear;
    this.#platform = platform;
    this.#status = { state: 'connecting', version: undefined, contactAt: platform.now() };
    this.#stops = [
      platform.every(checkMs, () => this.#check()),
      platform.onSeen((isSeen) => {
        this.#stopSleeping();
        if (!isSeen) this.#stopSleeping = platform.after(hiddenMs, () => this.#sleep());
        else if (this.#source === undefined) this.open();
      }),
    ];
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
    const source = this.#platform.openEvents(this.#url);
    this.#source = source;
    this.#heardAt = this.#platform.now();
    source.onopen = () => this.#contact();
    source.onerror = () => this.#fail(source);
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => {
        // The server's own events, of the types above.
        this.#take({ kind, ...JSON.parse(event.data || '{}') } as LiveEvent);
      });
    }
  };

  close(): void {
    for (const stop of this.#stops) stop();
    this.#stopSleeping();
    this.#end();
    this.#listeners.clear();
  }

  #end(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#source?.close();
    this.#source = undefined;
  }

  #sleep(): void {
    this.#end();
    const { state, contactAt } = this.#status;
    this.#set({ state: 'connecting', contactAt: state === 'live' ? this.#platform.now() : contactAt });
  }

  #take(event: LiveEvent): void {
    this.#contact();
    if (event.kind === 'hello' || event.kind === 'change') this.#set({ version: event.version });
    this.#hear(event);
  }

  #contact(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#heardAt = this.#platform.now();
    this.#set({ state: 'live', contactAt: this.#heardAt });
  }

  #check(): void {
    if (this.#source === undefined || this.#platform.now() - this.#heardAt < silenceMs) return;
    this.#lose(this.#heardAt);
    this.open();
  }

  #fail(source: EventSource): void {
    this.#lose(this.#platform.now());
    if (source.readyState !== source.CLOSED) return;
    // A browser gives up after an answer that is no stream; we do not.
    this.#platform.after(2000, () => this.#source === source && this.open());
    this.#hear({ kind: 'refused' });
  }

  /** Also where there was no contact yet, as the page may have come before the server went away. */
  #lose(contactAt: number): void {
    if (this.#stopWaiting !== undefined) return;
    const { after } = this.#platform;
    this.#set({ contactAt });
    this.#stopWaiting = after(3000, () => {
      this.#set({ state: 'reconnecting' });
      this.#stopWaiting = after(5000, () => this.#set({ state: 'lost' }));
    });
  }

  #set(changed: Partial<LiveStatus>): void {
    this.#status = { ...this.#status, ...changed };
    for (const listener of this.#listeners) listener();
  }
}
