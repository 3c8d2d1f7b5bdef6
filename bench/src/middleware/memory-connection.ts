import type { Server } from 'node:http';
import { Duplex } from 'node:stream';

const request = Buffer.from('GET /items/42 HTTP/1.1\r\nhost: shop.example\r\naccept: application/json\r\n\r\n');

/**
 * A connection to a server of this process that no kernel carries: the server parses real bytes and writes real bytes,
 * and what is measured is only what it does itself.
 */
export class MemoryConnection {
  readonly #serverEnd: Duplex;
  #answer = '';
  #onAnswered = (): void => undefined;

  constructor(server: Server) {
    this.#serverEnd = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _, done) => {
        this.#take(chunk);
        done();
      },
    });
    // As sockets have it.
    Object.assign(this.#serverEnd, { remoteAddress: '192.0.2.1' });
    server.emit('connection', this.#serverEnd);
  }

  /** Asks for one item after the other. */
  async ask(count: number): Promise<void> {
    for (let asked = 0; asked < count; asked++) {
      this.#answer = '';
      const answered = new Promise<void>((resolve) => {
        this.#onAnswered = resolve;
      });
      this.#serverEnd.push(request);
      await answered;
    }
  }

  #take(chunk: Buffer): void {
    this.#answer += chunk.toString('latin1');
    if (!this.#answer.endsWith('\r\n\r\n{"id":"42"}')) return;
    if (!this.#answer.startsWith('HTTP/1.1 200')) throw new Error(`Expected the item, got: ${this.#answer}`);
    this.#onAnswered();
  }
}
