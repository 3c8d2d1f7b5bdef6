import type { ServerResponse } from 'node:http';

/** Large frames leave in pieces of this size. */
const pieceBytes = 64 * 1024;

/**
 * Writes frames to a response one after the other, large ones piece by piece, each once the one before has left: only
 * so can be told whether the other side takes anything in. (`socket.bytesWritten` counts what still waits, too.)
 */
export class FrameWriter {
  readonly #response: ServerResponse;
  readonly #frames: Uint8Array[] = [];
  /** Bytes of the first frame that were written. */
  #offset = 0;
  /** Bytes that are being written. */
  #leaving = 0;
  #left = 0;
  #isEnding = false;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** Bytes that have left. */
  get leftBytes(): number {
    return this.#left;
  }

  /** Whether everything has left. */
  get isIdle(): boolean {
    return this.#leaving === 0;
  }

  send(frame: Uint8Array): void {
    this.#frames.push(frame);
    if (this.isIdle) this.#writeNext();
  }

  /** Ends the response after what was sent. */
  end(): void {
    this.#isEnding = true;
    if (this.isIdle) this.#response.end();
  }

  #writeNext(): void {
    const [frame] = this.#frames;
    if (frame === undefined) {
      if (this.#isEnding) this.#response.end();
      return;
    }
    const piece = frame.subarray(this.#offset, this.#offset + pieceBytes);
    this.#offset += piece.length;
    if (this.#offset === frame.length) {
      this.#frames.shift();
      this.#offset = 0;
    }
    this.#leaving = piece.length;
    this.#response.write(piece, this.#onLeft);
  }

  readonly #onLeft = (error: Error | null | undefined): void => {
    // The connection is gone; the response closes.
    if (error) return;
    this.#left += this.#leaving;
    this.#leaving = 0;
    this.#writeNext();
  };
}
