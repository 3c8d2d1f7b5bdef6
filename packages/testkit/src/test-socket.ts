import { once } from 'node:events';
import { createSseParser, type SseEvent } from '@sluice/protocol';
import { WebSocket } from 'ws';

/** A socket as our SDK opens it, read as a test asks for it, by a library that knows nothing of our server. */
export interface TestSocket {
  /** Everything that came, as it came. */
  readonly text: string;
  /** The next event; rejects when the socket closes without one. */
  next(): Promise<SseEvent>;
  /** The next events up to the one of that name. */
  until(event: string): Promise<readonly SseEvent[]>;
  /** Waits for text, wherever in the stream: a heartbeat is no event. */
  untilText(text: string): Promise<void>;
  /** Sends what is no text yet as JSON. */
  send(report: object | string): void;
  /** With which code the socket was closed; 1006: it was cut. */
  readonly closed: Promise<number>;
  /** For what only few tests ask for: pings, pauses. */
  readonly webSocket: WebSocket;
  close(): void;
  /** Cuts the connection. */
  cut(): void;
}

/** `url` is that of the server, or of the socket with what it is to resume from. */
export async function openTestSocket(
  url: string,
  sdkKey: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<TestSocket> {
  const { origin, pathname, search } = new URL(url);
  const path = pathname === '/' ? '/sdk/v1/socket' : pathname;
  const webSocket = new WebSocket(`${origin.replace(/^http/, 'ws')}${path}${search}`, {
    headers: { authorization: sdkKey, 'user-agent': 'SluiceNode/0.1.0', ...headers },
    perMessageDeflate: false,
  });
  const socket = readSocket(webSocket);
  await once(webSocket, 'open');
  return socket;
}

function readSocket(webSocket: WebSocket): TestSocket {
  const parser = createSseParser();
  const decoder = new TextDecoder();
  const events: SseEvent[] = [];
  let text = '';
  let isOver = false;
  let wake = Promise.withResolvers<void>();
  function tell(): void {
    wake.resolve();
    wake = Promise.withResolvers();
  }

  const { promise: closed, resolve: noteClosed } = Promise.withResolvers<number>();
  webSocket.on('message', (data: Uint8Array) => {
    const chunk = decoder.decode(data, { stream: true });
    text += chunk;
    events.push(...parser.push(chunk));
    tell();
  });
  // Whoever cuts a connection is not interested in the error.
  webSocket.on('error', () => undefined);
  webSocket.on('close', (code: number) => {
    isOver = true;
    noteClosed(code);
    tell();
  });

  async function next(): Promise<SseEvent> {
    for (;;) {
      const event = events.shift();
      if (event !== undefined) return event;
      if (isOver) throw new Error(`the socket closed; it had brought ${JSON.stringify(text.slice(-300))}`);
      await wake.promise;
    }
  }

  return {
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
        if (isOver) throw new Error(`the socket closed without ${JSON.stringify(wanted)}`);
        await wake.promise;
      }
    },
    send: (report) => webSocket.send(typeof report === 'string' ? report : JSON.stringify(report)),
    closed,
    webSocket,
    close: () => webSocket.close(),
    cut: () => webSocket.terminate(),
  };
}
