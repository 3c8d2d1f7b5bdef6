import type { IncomingMessage } from 'node:http';
import type { SocketAnswer, Sockets } from '@sluice/sdk-common';
import { WebSocket } from 'ws';

/** A connection that cannot be made, or a handshake that is not answered, in this time counts as failed. */
const handshakeTimeoutMs = 10_000;
/** Messages that nobody has read yet, until reading from the network pauses. */
const unreadAtMost = 64;
/** WebSockets over the library `ws`, as Node has none that can send headers before version 22. */
export const sockets: Sockets = {
  open: ({ url, headers }) => {
    let isConnected = false;
    let isAborted = false;
    const socket = new WebSocket(url, {
      headers: { ...headers },
      perMessageDeflate: false,
      handshakeTimeout: handshakeTimeoutMs,
      // A payload may be as large as the server lets environments become.
      maxPayload: 0,
      finishRequest: (request) => {
        request.once('socket', (connection) => {
          connection.once('connect', () => {
            isConnected = true;
            connection.setNoDelay(true);
          });
        });
        request.end();
      },
    });
    // Read from the first message on, whoever asks when.
    const messages = new Messages(socket);
    const answer = new Promise<SocketAnswer>((resolve, reject) => {
      socket.once('open', () => {
        const send = (text: string): void => {
          if (socket.readyState === WebSocket.OPEN) socket.send(text);
        };
        resolve({ kind: 'open', socket: { chunks: () => messages.read(), send } });
      });
      socket.once('unexpected-response', (request, response: IncomingMessage) => {
        response.resume();
        request.destroy();
        const header = (name: string): string | undefined => [response.headers[name]].flat().join(', ') || undefined;
        resolve({ kind: 'answered', status: response.statusCode ?? 0, header });
      });
      socket.on('error', (error) => {
        if (isConnected && !isAborted)
          resolve({ kind: 'broken', message: `no socket can be opened: ${error.message}` });
        else reject(error);
      });
    });
    // Whoever aborted does not care about the error any more.
    answer.catch(() => undefined);
    const abort = (): void => {
      isAborted = true;
      socket.terminate();
    };
    return { answer, abort };
  },
};

/** What a socket brings, as text; messages are cut anywhere, so characters may be cut too. */
class Messages {
  readonly #socket: WebSocket;
  readonly #unread: Uint8Array[] = [];
  #isOver = false;
  #error: Error | undefined;
  #wake = (): void => undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Uint8Array) => {
      this.#unread.push(data);
      if (this.#unread.length >= unreadAtMost) socket.pause();
      this.#wake();
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.once('close', () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** What is not UTF-8 ends the reading: a flag with other characters than were sent would be another flag. */
  async *read(): AsyncGenerator<string> {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    for (;;) {
      const message = this.#unread.shift();
      if (message !== undefined) yield decoder.decode(message, { stream: true });
      else if (this.#isOver) break;
      else await this.#untilMore();
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #untilMore(): Promise<void> {
    this.#socket.resume();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
