import {
  encodeCommit,
  encodeFdv1All,
  encodeFdv1Changes,
  encodeFdv1Put,
  encodeGoodbye,
  encodePoll,
  encodeSse,
  encodeTransfer,
  type Payload,
  planTransfer,
  type Selector,
  type SseEvent,
} from '@sluice/protocol';
import { ObjectLog } from './object-log.ts';

/** How a stream speaks. */
export type StreamProtocol = 'fdv1' | 'fdv2';

/** One open stream, as the channel sees it. */
export interface Subscriber {
  readonly protocol: StreamProtocol;
  /** What the client said it has; undefined: nothing. Streams of fdv1 never say. */
  readonly basis: Selector | undefined;
  /** Which credential opened the stream, so that revoking it ends the stream. */
  readonly credentialId: string;
  send(frame: Uint8Array): void;
  /** Ends the stream after what was sent. */
  end(): void;
}

/**
 * One environment's fan-out: its current payload, and the streams that want to know what changes. Every frame is
 * encoded once, whoever gets it.
 */
export class Channel {
  #log = new ObjectLog();
  #epoch: string;
  #version: number;
  readonly #subscribers = new Set<Subscriber>();
  /** Streams whose client is ahead of this source; they get nothing until it has caught up. */
  readonly #waiting = new Set<Subscriber>();
  /** Full payloads as they were last asked for; dropped at the next change. */
  readonly #full = new Map<string, Uint8Array>();

  constructor(payload: Payload) {
    this.#epoch = payload.epoch;
    this.#version = payload.version;
    this.#log.add(payload.objects);
  }

  get selector(): Selector {
    return { epoch: this.#epoch, version: this.#version };
  }

  /** What the payload consists of. */
  get log(): Pick<ObjectLog, 'find' | 'count'> {
    return this.#log;
  }

  get subscribers(): ReadonlySet<Subscriber> {
    return this.#subscribers;
  }

  /** Adds a stream and sends it what its client lacks. */
  subscribe(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    this.#catchUp(subscriber);
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    this.#waiting.delete(subscriber);
  }

  /** Takes in what changed and tells every stream. Of an epoch that is not the channel's, it must be the whole payload. */
  apply(update: Payload): void {
    if (update.epoch !== this.#epoch) {
      this.#replace(update);
      return;
    }
    if (update.version <= this.#version) return;
    this.#version = update.version;
    this.#log.add(update.objects);
    this.#full.clear();
    const frames = new Map<StreamProtocol, Uint8Array>();
    for (const subscriber of this.#subscribers) {
      if (this.#waiting.has(subscriber)) {
        this.#catchUp(subscriber);
        continue;
      }
      const frame = frames.get(subscriber.protocol) ?? encodeFrame(encodeUpdate(subscriber.protocol, update));
      frames.set(subscriber.protocol, frame);
      if (frame.length > 0) subscriber.send(frame);
    }
  }

  /** The body of an fdv1 poll. */
  encodeAll(): Uint8Array {
    return this.#encodeFull('fdv1-poll', () => encodeFdv1All(this.#payload()));
  }

  /** The body of an fdv2 poll for a client that has `basis`. */
  encodePoll(basis: Selector | undefined): Uint8Array {
    const plan = planTransfer(basis, this.selector) ?? { intent: 'none', reason: 'up-to-date', since: 0 };
    const encode = () => encodePoll(encodeTransfer(this.#payload(plan.since), plan.intent, plan.reason));
    return plan.intent === 'xfer-full' ? this.#encodeFull(`fdv2-poll ${plan.reason}`, encode) : toBytes(encode());
  }

  /** Ends the streams that `picks` names; their clients come back by themselves. */
  end(reason: string, picks: (subscriber: Subscriber) => boolean = () => true): void {
    const goodbye = encodeFrame([encodeGoodbye(reason)]);
    for (const subscriber of [...this.#subscribers].filter(picks)) {
      this.unsubscribe(subscriber);
      if (subscriber.protocol === 'fdv2') subscriber.send(goodbye);
      subscriber.end();
    }
  }

  #replace(payload: Payload): void {
    this.#epoch = payload.epoch;
    this.#version = payload.version;
    this.#log = new ObjectLog();
    this.#log.add(payload.objects);
    this.#full.clear();
    for (const subscriber of this.#subscribers) this.#catchUp(subscriber);
  }

  #catchUp(subscriber: Subscriber): void {
    if (subscriber.protocol === 'fdv1') {
      subscriber.send(this.#encodeFull('fdv1', () => encodeEvents([encodeFdv1Put(this.#payload())])));
      return;
    }
    const plan = planTransfer(subscriber.basis, this.selector);
    if (plan === undefined) {
      this.#waiting.add(subscriber);
      return;
    }
    this.#waiting.delete(subscriber);
    const encode = () => encodeEvents(encodeTransfer(this.#payload(plan.since), plan.intent, plan.reason));
    subscriber.send(plan.intent === 'xfer-full' ? this.#encodeFull(`fdv2 ${plan.reason}`, encode) : toBytes(encode()));
  }

  #payload(since = 0): Payload {
    const objects = since === 0 ? this.#log.listAll() : this.#log.listSince(since);
    return { epoch: this.#epoch, version: this.#version, objects };
  }

  #encodeFull(name: string, encode: () => string): Uint8Array {
    const known = this.#full.get(name);
    if (known !== undefined) return known;
    const bytes = toBytes(encode());
    this.#full.set(name, bytes);
    return bytes;
  }
}

function encodeUpdate(protocol: StreamProtocol, update: Payload): readonly SseEvent[] {
  return protocol === 'fdv1' ? encodeFdv1Changes(update) : encodeCommit(update);
}

function encodeEvents(events: readonly SseEvent[]): string {
  return events.map(encodeSse).join('');
}

function encodeFrame(events: readonly SseEvent[]): Uint8Array {
  return toBytes(encodeEvents(events));
}

function toBytes(text: string): Uint8Array {
  return Buffer.from(text);
}
