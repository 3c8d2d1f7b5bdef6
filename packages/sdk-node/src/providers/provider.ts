/** What a provider gets with each message. */
export interface SendOptions {
  /** Aborted at the deadline, or when whoever sends gives up. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch; an answer that comes later is not looked at. */
  readonly deadline: number;
  /** The same each time that this message is tried. */
  readonly idempotencyKey: string;
}

/** Somebody who takes messages: `{ send: (message, { signal }) => fetch(…) }`. */
export interface Provider<Message> {
  /**
   * Resolves once the message is accepted. Throws `NotAccepted` when the provider said no; failures to connect are
   * understood by themselves, and so are responses of `fetch` that are not `ok`: 4xx and 503 are a no; 409, other 5xx
   * and redirects leave it open. So does whatever else is thrown.
   */
  send(message: Message, options: SendOptions): Promise<unknown>;
  /** Resolves when the provider works, as `send` does, but sends nothing. Without it, a message now and then is the probe. */
  probe?(options: { readonly signal: AbortSignal }): Promise<unknown>;
  /** Messages with the same `idempotencyKey` are accepted once, so that one in doubt may be sent again. */
  readonly honoursIdempotencyKey?: boolean;
}

/** One try of one provider. */
export interface Attempt {
  readonly provider: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `unknown`: the provider may have accepted the message. */
  readonly outcome: 'sent' | 'not-accepted' | 'unknown';
  /** What it failed with, and what caused that. */
  readonly error?: string;
}

/** What became of a message. */
export interface SendResult {
  /**
   * `sent`: a provider accepted it. `failed`: none did, and it may be sent again. `unknown`: one may have; it is in the
   * journal until somebody finds out.
   */
  readonly status: 'sent' | 'failed' | 'unknown';
  /** Who accepted it. */
  readonly provider?: string;
  readonly attempts: readonly Attempt[];
  /** Why no further provider was tried, where attempts do not say it. */
  readonly reason?: string;
}
