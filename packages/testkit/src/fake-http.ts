import { FakeBody } from './fake-body.ts';

/** A request as it was opened. */
export interface FakeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly gzip?: boolean;
}

/** A network without a wire: requests wait here until the test answers them. */
export class FakeHttp {
  readonly exchanges: FakeExchange[] = [];

  open(request: FakeRequest): FakeExchange {
    const exchange = new FakeExchange(request);
    this.exchanges.push(exchange);
    return exchange;
  }

  /** The request that was opened last. */
  get last(): FakeExchange {
    const exchange = this.exchanges.at(-1);
    if (exchange === undefined) throw new Error('nothing was requested yet');
    return exchange;
  }
}

export interface FakeResponse {
  readonly status: number;
  header(name: string): string | undefined;
  text(): Promise<string>;
  chunks(): AsyncIterable<string>;
  discard(): void;
}

/** One request and its answer. */
export class FakeExchange {
  readonly request: FakeRequest;
  readonly response: Promise<FakeResponse>;
  isAborted = false;
  readonly #resolve: (response: FakeResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #body = new FakeBody();

  constructor(request: FakeRequest) {
    this.request = request;
    const { promise, resolve, reject } = Promise.withResolvers<FakeResponse>();
    this.response = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    promise.catch(() => undefined);
  }

  abort(): void {
    this.isAborted = true;
    this.fail(new Error('aborted'));
  }

  /** Answers in full. */
  respond(status: number, body = '', headers: Readonly<Record<string, string>> = {}): void {
    this.open(status, headers);
    this.#body.push(body);
    this.#body.end();
  }

  /** Answers with a body that `push`, `end` and `fail` go on with. */
  open(status = 200, headers: Readonly<Record<string, string>> = {}): void {
    const body = this.#body;
    this.#resolve({
      status,
      header: (name) => headers[name],
      text: async () => {
        let text = '';
        for await (const chunk of body.read()) text += chunk;
        return text;
      },
      chunks: () => body.read(),
      discard: () => undefined,
    });
  }

  push(chunk: string): void {
    this.#body.push(chunk);
  }

  end(): void {
    this.#body.end();
  }

  /** Breaks the connection, before the answer or in its body. */
  fail(error: Error): void {
    this.#reject(error);
    this.#body.fail(error);
  }
}
