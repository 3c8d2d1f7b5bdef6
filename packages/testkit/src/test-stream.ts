import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { createSseParser, type SseEvent } from '@sluice/protocol';

/** A stream of server-sent events over a connection of its own, read as a test asks for it. */
export interface TestStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Everything that came, as it came. */
  readonly text: string;
  /** The next event; rejects when the stream ends without one. */
  next(): Promise<SseEvent>;
  /** The next events up to the one of that name. */
  until(event: string): Promise<readonly SseEvent[]>;
  /** Waits for text, wherever in the stream: a heartbeat is no event. */
  untilText(text: string): Promise<void>;
  /** How the server ended the stream: in good order, or by cutting the connection. */
  readonly ended: Promise<'ended' | 'cut'>;
  close(): void;
}

export async function openTestStream(
  url: string,
  authorization: string,
  more: Readonly<Record<string, string>> = {},
): Promise<TestStream> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = { authorization, accept: 'text/event-stream', ...more };
  const request = get(url, { agent: false, headers }, resolve);
  request.once('error', reject);
  return readStream(request, await promise);
}

function readStream(request: ClientRequest, response: IncomingMessage): TestStream {
  const parser = createSseParser();
  const events: SseEvent[] = [];
  let text = '';
  let isOver = false;
  let wake = Promise.withResolvers<void>();
  function tell(): void {
    wake.resolve();
    wake = Promise.withResolvers();
  }

  const { promise: ended, resolve: end } = Promise.withResolvers<'ended' | 'cut'>();
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
    events.push(...parser.push(chunk));
    tell();
  });
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  response.on('close', () => {
    isOver = true;
    end(response.complete ? 'ended' : 'cut');
    tell();
  });

  async function next(): Promise<SseEvent> {
    for (;;) {
      const event = events.shift();
      if (event !== undefined) return event;
      if (isOver) throw new Error(`the stream ended; it had sent ${JSON.stringify(text.slice(-300))}`);
      await wake.promise;
    }
  }

  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    get text() {
      return text;
    },
    next,
    until: async (name) => {
      const seen: SseEvent[] = [];
      do seen.push(await next());
      while (seen.at(-1)?.event !== name);
      return seen;
    },
    untilText: async (wanted) => {
      while (!text.includes(wanted)) {
        if (isOver) throw new Error(`the stream ended without ${JSON.stringify(wanted)}`);
        await wake.promise;
      }
    },
    ended,
    close: () => request.destroy(),
  };
}
