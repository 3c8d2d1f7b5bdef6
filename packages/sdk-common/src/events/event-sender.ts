import { answerWithin } from '../answer-within.ts';
import { isRecoverable } from '../data/source.ts';
import type { Reporter } from '../fleet/reporter.ts';
import type { HttpResponse, Log, Platform } from '../platform.ts';

export interface EventSenderOptions {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  /** Has a line to the server, which then carries events too; undefined: they are always posted. */
  readonly reporter?: Pick<Reporter, 'hasLine' | 'sendEvents'> | undefined;
  readonly log: Log;
}

const retryAfterMs = 1000;
const timeoutMs = 10_000;

/** Sends batches of events, each at most twice. */
export class EventSender {
  readonly #options: EventSenderOptions;
  readonly #platform: Platform;
  #isRejected = false;
  #serverTime = 0;

  constructor(options: EventSenderOptions, platform: Platform) {
    this.#options = options;
    this.#platform = platform;
  }

  /** The server said that it will never take our events. */
  get isRejected(): boolean {
    return this.#isRejected;
  }

  /** By the last answer's `Date`, in milliseconds since the epoch; 0 before there is one. */
  get serverTime(): number {
    return this.#serverTime;
  }

  async send(events: readonly unknown[]): Promise<void> {
    // The same id for both attempts lets the server count a batch once.
    const payloadId = this.#platform.createUuid();
    const headers = { 'x-launchdarkly-event-schema': '4', 'x-launchdarkly-payload-id': payloadId };
    const body = this.#encode(events);
    const { reporter } = this.#options;
    if (reporter?.hasLine === true && (await this.#sendByLine(reporter, body, payloadId))) return;
    if (await this.#post(body, headers)) return;
    await new Promise<void>((resolve) => this.#platform.clock.after(retryAfterMs, resolve, true));
    const sent = await this.#post(body, headers);
    if (!sent) this.#options.log.warn(`${events.length} events could not be sent and are lost`);
  }

  /** Callers may give what JSON cannot hold, such as a cycle; only the event with it is lost. */
  #encode(events: readonly unknown[]): string {
    const encoded = events.flatMap((event) => {
      try {
        return [JSON.stringify(event)];
      } catch (error) {
        this.#options.log.warn(`an event is lost: ${error instanceof Error ? error.message : String(error)}`);
        return [];
      }
    });
    return `[${encoded.join(',')}]`;
  }

  /** The line to the server spares a connection. True when the batch is done with. */
  async #sendByLine(reporter: Pick<Reporter, 'sendEvents'>, body: string, payloadId: string): Promise<boolean> {
    const answer = await reporter.sendEvents(payloadId, body);
    if (answer === undefined) return false;
    this.#serverTime = answer.at;
    return this.#judge(answer.status);
  }

  /** True when it is done with, taken or refused for good; false when trying again may help. */
  async #post(body: string, headers: Readonly<Record<string, string>>): Promise<boolean> {
    const { baseUrl, gzip } = this.#options;
    const { http, clock } = this.#platform;
    const exchange = http.open({
      method: 'POST',
      url: `${baseUrl}/bulk`,
      headers: { ...this.#options.headers, 'content-type': 'application/json', ...headers },
      body,
      gzip,
    });
    try {
      return await answerWithin({ timeoutMs, clock }, exchange, (response) => this.#read(response));
    } catch {
      // A network error; the caller says so when it happens twice.
      return false;
    }
  }

  #read(response: HttpResponse): boolean {
    const { status } = response;
    response.discard();
    const time = Date.parse(response.header('date') ?? '');
    if (!Number.isNaN(time)) this.#serverTime = time;
    return this.#judge(status);
  }

  #judge(status: number): boolean {
    if (status >= 200 && status < 300) return true;
    if (isRecoverable(status)) return false;
    // Too large is about this batch, anything else about us.
    if (status !== 413) this.#isRejected = true;
    this.#options.log.warn(`events: the server answered ${status}${status === 413 ? '' : '; no more events are sent'}`);
    return true;
  }
}
