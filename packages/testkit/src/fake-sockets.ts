import { FakeBody } from './fake-body.ts';

/** WebSockets without a wire: each waits here until the test answers it. */
export class FakeSockets {
  readonly exchanges: FakeSocketExchange[] = [];

  open(request: FakeSocketExchange['request']): FakeSocketExchange {
    const exchange = new FakeSocketExchange(request);
    this.exchanges.push(exchange);
    return exchange;
  }

  /** The socket that was asked for last. */
  get last(): FakeSocketExchange {
    const exchange = this.exchanges.at(-1);
    if (exchange === undefined) throw new Error('no socket was asked for yet');
    return exchange;
  }
}

export type FakeSocketAnswer =
  | { readonly kind: 'open'; readonly socket: { chunks(): AsyncIterable<string>; send(text: string): void } }
  | { readonly kind: 'answered'; readonly status: number; header(name: string): string | undefined }
  | { readonly kind: 'broken'; readonly message: string };

/** One socket, from the wish for it to its end. */
export class FakeSocketExchange {
  readonly request: { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  readonly answer: Promise<FakeSocketAnswer>;
  /** What the client sent, parsed. */
  // Tests look into messages of every shape.
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  readonly sent: any[] = [];
  isAborted = false;
  readonly #resolve: (answer: FakeSocketAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly #body = new FakeBody();

  constructor(request: FakeSocketExchange['request']) {
    this.request = request;
    const { promise, resolve, reject } = Promise.withResolvers<FakeSocketAnswer>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    promise.catch(() => undefined);
  }

  abort(): void {
    this.isAborted = true;
    this.fail(new Error('aborted'));
  }

  open(): void {
    const chunks = (): AsyncIterable<string> => this.#body.read();
    this.#resolve({ kind: 'open', socket: { chunks, send: (text) => void this.sent.push(JSON.parse(text)) } });
  }

  /** Answers as if it had been any request. */
  respond(status: number, headers: Readonly<Record<string, string>> = {}): void {
    this.#resolve({ kind: 'answered', status, header: (name) => headers[name] });
  }

  /** Ends the connection before there is an answer. */
  break(message = 'the connection ended'): void {
    this.#resolve({ kind: 'broken', message });
  }

  push(chunk: string): void {
    this.#body.push(chunk);
  }

  end(): void {
    this.#body.end();
  }

  fail(error: Error): void {
    this.#reject(error);
    this.#body.fail(error);
  }
}
