import { leaseMs, sseHeartbeat } from '@sluice/protocol';
import type { StreamProtocol } from './channel.ts';
import type { FrameWriter } from './frame-writer.ts';
import { encodeSocketFrame } from './socket-frame.ts';

export interface StreamKeeperOptions {
  /** Milliseconds from anywhere, never going backwards: the time of day may jump. */
  readonly elapsed: () => number;
  readonly random: () => number;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
}

/** Streams are looked at this often. */
const periodMs = 1000;
/**
 * A stream that has taken in nothing for so long, with something waiting for it, is dropped; it resumes by selector.
 * The kernel says that it can take more only when a third of its buffer is free, which is more than a megabyte: with
 * ten seconds, clients that read 100 KB each second would be dropped again and again, and never have a large payload.
 */
const stalledMs = 30_000;
const heartbeatMs = { least: 15_000, most: 25_000 };
/** Streams end after hours, not all at once, so that load spreads again after a server was added or came back. */
const lifetimeMs = { least: 4 * 3_600_000, most: 12 * 3_600_000 };

const sseBeat: Uint8Array = Buffer.from(sseHeartbeat);
const heartbeats: Readonly<Record<StreamProtocol, Uint8Array>> = {
  fdv1: sseBeat,
  fdv2: sseBeat,
  socket: encodeSocketFrame(sseBeat),
};

/** A stream as its keeper sees it. */
export interface KeptStream {
  readonly protocol: StreamProtocol;
  readonly writer: FrameWriter;
  /** Ends the stream in good order. */
  end(): void;
  /** Cuts the connection. */
  cut(): void;
}

/** What is remembered of a stream that is kept. */
export interface Kept {
  /** When its client was heard of last; undefined: it does not report. */
  heardAt: number | undefined;
  release(): void;
}

interface Entry extends Kept {
  readonly stream: KeptStream;
  readonly endsAt: number;
  heartbeatAt: number;
  /** Bytes that had left when there last was progress, and when that was. */
  leftBytes: number;
  progressAt: number;
}

/** Keeps open streams awake, and drops those that read nothing, report nothing, or have lived long enough. */
export class StreamKeeper {
  readonly #options: StreamKeeperOptions;
  readonly #entries = new Set<Entry>();
  readonly #stop: () => void;
  #dropped = 0;

  constructor(options: StreamKeeperOptions) {
    this.#options = options;
    this.#stop = options.every(periodMs, () => this.#look());
  }

  /** Streams dropped because their clients read nothing. */
  get dropped(): number {
    return this.#dropped;
  }

  /** By the same clock. */
  now(): number {
    return this.#options.elapsed();
  }

  /** Looks after a stream until it is released. */
  keep(stream: KeptStream): Kept {
    const now = this.now();
    const entry: Entry = {
      stream,
      endsAt: now + this.#between(lifetimeMs),
      heartbeatAt: now + this.#between(heartbeatMs),
      leftBytes: 0,
      progressAt: now,
      heardAt: undefined,
      release: () => void this.#entries.delete(entry),
    };
    this.#entries.add(entry);
    return entry;
  }

  close(): void {
    this.#stop();
  }

  #look(): void {
    const now = this.now();
    for (const entry of this.#entries) this.#lookAt(entry, now);
  }

  #lookAt(entry: Entry, now: number): void {
    const { stream, heardAt } = entry;
    const { writer } = stream;
    if (writer.isIdle || writer.leftBytes !== entry.leftBytes) {
      entry.leftBytes = writer.leftBytes;
      entry.progressAt = now;
    }
    if (now - entry.progressAt >= stalledMs) {
      this.#dropped++;
      stream.cut();
    } else if (heardAt !== undefined && now - heardAt >= leaseMs) {
      stream.cut();
    } else if (now >= entry.endsAt) {
      stream.end();
    } else if (now >= entry.heartbeatAt) {
      entry.heartbeatAt = now + this.#between(heartbeatMs);
      if (writer.isIdle) writer.send(heartbeats[stream.protocol]);
    }
  }

  #between({ least, most }: { readonly least: number; readonly most: number }): number {
    return least + this.#options.random() * (most - least);
  }
}
