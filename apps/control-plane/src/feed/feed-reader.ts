import type { ServerResponse } from 'node:http';

/** Whoever reads so slowly that more than this waits for it is cut off; it resumes by version. */
const waitingBytes = 1024 * 1024;

/** A stream of the live feed. */
export class FeedReader {
  readonly #response: ServerResponse;
  /** The last version that it was told of. */
  version: number;

  constructor(response: ServerResponse, version: number) {
    this.#response = response;
    this.version = version;
  }

  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  send(frame: string): void {
    if (!this.isOpen) return;
    this.#response.write(frame);
    if (this.#response.writableLength > waitingBytes) this.#response.destroy();
  }

  end(): void {
    this.#response.end();
  }

  onClose(listener: () => void): void {
    if (this.isOpen) this.#response.once('close', listener);
    else listener();
  }
}
