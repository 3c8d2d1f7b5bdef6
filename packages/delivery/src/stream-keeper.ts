import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Selector, sseHeartbeat } from '@sluice/protocol';
import type { Channel, StreamProtocol, Subscriber } from './channel.ts';
import { FrameWriter } from './frame-writer.ts';

export interface StreamKeeperOptions {
  readonly now: () => number;
  readonly random: () => number;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
}

/** Streams are looked at this often. */
const periodMs = 1000;
/** A stream that has taken in nothing for so long, with something waiting for it, is dropped; it resumes by selector. */
const stalledMs = 10_000;
const heartbeat: Uint8Array = Buffer.from(sseHeartbeat);
const heartbeatMs = { least: 15_000, most: 25_000 };
/** Streams end after hours, not all at once, so that load spreads again after a server was added or came back. */
const lifetimeMs = { least: 4 * 3_600_000, most: 12 * 3_600_000 };

interface KeptStream {
  readonly response: ServerResponse;
  readonly writer: FrameWriter;
  readonly endsAt: number;
  readonly end: () => void;
  heartbeatAt: number;
  /** Bytes that had left when there last was progress, and when that was. */
  leftBytes: number;
  progressAt: number;
}

/** Keeps open streams awake, and drops those that read nothing or have lived long enough. */
export class StreamKeeper {
  readonly #options: StreamKeeperOptions;
  readonly #streams = new Set<KeptStream>();
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

  /** Looks after a stream until the returned function is called. */
  keep(response: ServerResponse, writer: FrameWriter, end: () => void): () => void {
    const now = this.#options.now();
    const stream: KeptStream = {
      response,
      writer,
      end,
      endsAt: now + this.#between(lifetimeMs),
      heartbeatAt: now + this.#between(heartbeatMs),
      leftBytes: 0,
      progressAt: now,
    };
    this.#streams.add(stream);
    return () => this.#streams.delete(stream);
  }

  close(): void {
    this.#stop();
  }

  #look(): void {
    const now = this.#options.now();
    for (const stream of this.#streams) {
      const { response, writer } = stream;
      if (writer.isIdle || writer.leftBytes !== stream.leftBytes) {
        stream.leftBytes = writer.leftBytes;
        stream.progressAt = now;
      }
      if (now - stream.progressAt >= stalledMs) {
        this.#dropped++;
        response.destroy();
      } else if (now >= stream.endsAt) {
        stream.end();
      } else if (now >= stream.heartbeatAt) {
        stream.heartbeatAt = now + this.#between(heartbeatMs);
        if (writer.isIdle) writer.send(heartbeat);
      }
    }
  }

  #between({ least, most }: { readonly least: number; readonly most: number }): number {
    return least + this.#options.random() * (most - least);
  }
}

export interface StreamOpening {
  readonly channel: Channel;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly protocol: StreamProtocol;
  readonly basis: Selector | undefined;
  readonly environmentId: string;
  readonly credentialId: string;
}

/** Turns a request into a stream of its channel until either side ends it. */
export function openStream(keeper: StreamKeeper, opening: StreamOpening): void {
  const { channel, request, response, protocol, basis, environmentId, credentialId } = opening;
  request.socket.setNoDelay(true);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'x-ld-envid': environmentId,
  });
  const writer = new FrameWriter(response);
  const subscriber: Subscriber = {
    protocol,
    basis,
    credentialId,
    send: (frame) => writer.send(frame),
    end: () => writer.end(),
  };
  const release = keeper.keep(response, writer, () => channel.end('lifetime', (other) => other === subscriber));
  response.on('close', () => {
    release();
    channel.unsubscribe(subscriber);
  });
  channel.subscribe(subscriber);
}
