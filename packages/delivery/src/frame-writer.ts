/** Large frames leave in pieces of this size. */
const pieceBytes = 64 * 1024;

/** A connection that bytes are written to: a response, or a socket. */
export interface WriteTarget {
  write(bytes: Uint8Array, callback?: (error: Error | null | undefined) => void): boolean;
  end(): unknown;
  /** Bytes that were written and have not left yet. */
  readonly writableLength: number;
}

interface Frame {
  readonly bytes: Uint8Array;
  readonly onLeft: (() => void) | undefined;
}

/**
 * Writes frames to a connection one after the other, large ones piece by piece, each once the one before has left: only
 * so can be told whether the other side takes anything in. (`socket.bytesWritten` counts what still waits, too.) Small
 * ones, which nearly all are, go straight through while nothing waits.
 */
export class FrameWriter {
  readonly #target: WriteTarget;
  /** Made when there is something to wait for: most connections never need it. */
  #frames: Frame[] | undefined;
  /** Bytes of the first frame that were written. */
  #offset = 0;
  /** Bytes that are being written. */
  #leaving = 0;
  #left = 0;
  #isEnding = false;

  constructor(target: WriteTarget) {
    this.#target = target;
  }

  /** Rises whenever something that had to wait has left. */
  get leftBytes(): number {
    return this.#left;
  }

  /** Whether everything has left. */
  get isIdle(): boolean {
    return this.#leaving === 0 && this.#target.writableLength === 0;
  }

  /** `onLeft` is called when all of the frame has left this process. Nothing is sent after the end. */
  send(bytes: Uint8Array, onLeft?: () => void): void {
    if (this.#isEnding) return;
    if (onLeft === undefined && bytes.length <= pieceBytes && this.isIdle) {
      this.#target.write(bytes);
      return;
    }
    this.#frames ??= [];
    this.#frames.push({ bytes, onLeft });
    if (this.#leaving === 0) this.#writeNext();
  }

  /** Ends the connection after what was sent. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#leaving === 0) this.#target.end();
  }

  #writeNext(): void {
    const frame = this.#frames?.[0];
    if (frame === undefined) {
      if (this.#isEnding) this.#target.end();
      return;
    }
    const { bytes } = frame;
    const piece = bytes.length <= pieceBytes ? bytes : bytes.subarray(this.#offset, this.#offset + pieceBytes);
    this.#offset += piece.length;
    this.#leaving = piece.length;
    this.#target.write(piece, this.#onLeft);
  }

  readonly #onLeft = (error: Error | null | undefined): void => {
    // The connection is gone, and closes.
    if (error) return;
    this.#left += this.#leaving;
    this.#leaving = 0;
    const frame = this.#frames?.[0];
    const hasLeft = frame !== undefined && this.#offset >= frame.bytes.length;
    if (hasLeft) {
      this.#frames?.shift();
      this.#offset = 0;
    }
    this.#writeNext();
    // Whoever is told may send more, or end.
    if (hasLeft) frame.onLeft?.();
  };
}
