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
  type SendPlan,
  type SseEvent,
} from '@sluice/protocol';
import { ObjectLog } from './object-log.ts';
import type { Outflow } from './outflow.ts';
import { encodeSocketFrame } from './socket-frame.ts';

/** How a stream speaks; over a socket it is fdv2 with other frames around it. */
export type StreamProtocol = 'fdv1' | 'fdv2' | 'socket';

/** One open stream, as the channel sees it. */
export interface Subscriber {
  readonly protocol: StreamProtocol;
  /** What the client said it has; undefined: nothing. Streams of fdv1 never say. */
  readonly basis: Selector | undefined;
  /** Which credential opened the stream, so that revoking it ends the stream. */
  readonly credentialId: string;
  /** Name of the instance behind it, once it has said so; SDKs that are not ours never do. */
  readonly instance?: string | undefined;
  /** `version` is what the client has with this; `onLeft` is called when all of it has left this process. */
  send(frame: Uint8Array, version: number, onLeft?: () => void): void;
  /** Over this protocol there is nothing to send of a version. */
  pass?(version: number): void;
  /** Ends the stream after what was sent. */
  end(): void;
}

/** What the channel remembers of a stream. */
interface Subscription {
  readonly subscriber: Subscriber;
  /**
   * `current`: gets changes as they come. `ahead`: its client is ahead of this source, and gets nothing until the
   * source has caught up. `queued`: gets everything that it lacks when its turn comes.
   */
  state: 'current' | 'ahead' | 'queued';
  /** What was sent last. */
  epoch: string;
  version: number;
  /** Gives up a large transfer, whether it is queued or on its way. */
  stopTransfer: (() => void) | undefined;
}

/**
 * One environment's fan-out: its current payload, and the streams that want to know what changes. Every frame is
 * encoded once, whoever gets it.
 */
export class Channel {
  readonly #outflow: Outflow;
  readonly #isCurrent: () => boolean;
  #log = new ObjectLog();
  #epoch: string;
  #version: number;
  readonly #subscriptions = new Map<Subscriber, Subscription>();
  /** Full payloads as they were last asked for; dropped at the next change. */
  readonly #full = new Map<string, Uint8Array>();

  /** `isCurrent`: whether it is known that nothing newer is anywhere; it always is where changes are made. */
  constructor(payload: Payload, outflow: Outflow, isCurrent: () => boolean = () => true) {
    this.#outflow = outflow;
    this.#isCurrent = isCurrent;
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

  get subscribers(): readonly Subscriber[] {
    return [...this.#subscriptions.keys()];
  }

  get subscriberCount(): number {
    return this.#subscriptions.size;
  }

  /** What changed after a version; everything that is not deleted for `undefined`. */
  payloadSince(version: number | undefined): Payload {
    const objects = version === undefined ? this.#log.listAll() : this.#log.listSince(version);
    return { epoch: this.#epoch, version: this.#version, objects };
  }

  /** Adds a stream and sends it what its client lacks. */
  subscribe(subscriber: Subscriber): void {
    const subscription: Subscription = {
      subscriber,
      state: 'queued',
      epoch: '',
      version: 0,
      stopTransfer: undefined,
    };
    this.#subscriptions.set(subscriber, subscription);
    this.#catchUp(subscription);
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscriptions.get(subscriber)?.stopTransfer?.();
    this.#subscriptions.delete(subscriber);
  }

  /** Takes in what changed and tells every stream. Of an epoch that is not the channel's, it must be the whole payload. */
  apply(update: Payload): void {
    const { epoch, version, objects } = update;
    if (epoch !== this.#epoch) {
      this.#replace(update);
      return;
    }
    if (version <= this.#version) return;
    this.#version = version;
    this.#log.add(objects);
    this.#full.clear();
    const frames = new Map<StreamProtocol, Uint8Array>();
    this.#outflow.spread(this.#subscriptions.values(), (subscription) => {
      const { subscriber, state } = subscription;
      if (state === 'ahead') this.#catchUp(subscription);
      // Whoever came later has it, and whoever is queued will have it.
      if (state !== 'current' || subscription.epoch !== epoch || subscription.version >= version) return;
      const frame = frames.get(subscriber.protocol) ?? encodeUpdate(subscriber.protocol, update);
      frames.set(subscriber.protocol, frame);
      subscription.version = version;
      // Where there is nothing to say of a version, it has left by now.
      if (frame.length > 0) subscriber.send(frame, version);
      else subscriber.pass?.(version);
    });
  }

  /** It has become known that this is current: whoever waits because it may be ahead gets what it lacks. */
  confirm(): void {
    this.#outflow.spread(this.#subscriptions.values(), (subscription) => {
      if (subscription.state === 'ahead') this.#catchUp(subscription);
    });
  }

  /** Sends an event that is not about flags to sockets, which are of SDKs of ours: to those that `picks` names. */
  tell(event: SseEvent, picks: () => boolean): void {
    const frame = encodeSocketFrame(encodeFrame([event]));
    this.#outflow.spread(this.#subscriptions.values(), ({ subscriber, version }) => {
      if (subscriber.protocol === 'socket' && picks()) subscriber.send(frame, version);
    });
  }

  /** The body of an fdv1 poll. */
  encodeAll(): Uint8Array {
    return this.#encodeFull('fdv1-poll', () => toBytes(encodeFdv1All(this.payloadSince(undefined))));
  }

  /** The body of an fdv2 poll for a client that has `basis`; `greeting` comes before all else. */
  encodePoll(basis: Selector | undefined, greeting: readonly SseEvent[] = []): Uint8Array {
    const plan = this.#plan(basis) ?? { intent: 'none', reason: 'up-to-date', since: 0 };
    const encode = () => toBytes(encodePoll([...greeting, ...this.#encodeTransfer(plan)]));
    const name = `fdv2-poll ${plan.reason} ${greeting.length}`;
    return plan.intent === 'xfer-full' ? this.#encodeFull(name, encode) : encode();
  }

  /** Ends streams, all unless given; their clients come back by themselves. */
  end(reason: string, subscribers: readonly Subscriber[] = this.subscribers): void {
    const frames = encodeForAll([encodeGoodbye(reason)]);
    const ending = subscribers.flatMap((subscriber) => this.#subscriptions.get(subscriber) ?? []);
    // Those that wait for their turn first: the turns that others give back would start their transfers.
    for (const { subscriber, state } of ending) if (state === 'queued') this.unsubscribe(subscriber);
    for (const { subscriber, version } of ending) {
      this.unsubscribe(subscriber);
      if (subscriber.protocol !== 'fdv1') subscriber.send(frames[subscriber.protocol], version);
      subscriber.end();
    }
  }

  #replace(payload: Payload): void {
    const { epoch } = payload;
    this.#epoch = epoch;
    this.#version = payload.version;
    this.#log = new ObjectLog();
    this.#log.add(payload.objects);
    this.#full.clear();
    this.#outflow.spread(this.#subscriptions.values(), (subscription) => {
      // Whoever came later has it, and whoever is queued will have it.
      if (subscription.state !== 'queued' && subscription.epoch !== epoch) this.#catchUp(subscription);
    });
  }

  /** Sends a stream what its client lacked when it came; a large transfer when its turn comes. */
  #catchUp(subscription: Subscription): void {
    const frame = this.#encodeCatchUp(subscription);
    if (frame === undefined) {
      subscription.state = 'ahead';
      return;
    }
    subscription.state = 'queued';
    const giveUp = this.#outflow.takeTurn(frame.length, (release) => {
      // What changed while it waited is part of it.
      const bytes = this.#encodeCatchUp(subscription) ?? frame;
      Object.assign(subscription, {
        state: 'current',
        epoch: this.#epoch,
        version: this.#version,
        stopTransfer: release,
      });
      subscription.subscriber.send(bytes, this.#version, release);
    });
    if (subscription.state === 'queued') subscription.stopTransfer = giveUp;
  }

  /** Undefined while the client is ahead. */
  #encodeCatchUp({ subscriber: { protocol, basis }, epoch, version }: Subscription): Uint8Array | undefined {
    if (protocol === 'fdv1')
      return this.#encodeFull(protocol, () => encodeFrame([encodeFdv1Put(this.payloadSince(undefined))]));
    // Once something was sent, that is what the client has, and not what it came with.
    const plan = this.#plan(epoch === '' ? basis : { epoch, version });
    if (plan === undefined) return undefined;
    const encode = () => frameFor(protocol, encodeFrame(this.#encodeTransfer(plan)));
    return plan.intent === 'xfer-full' ? this.#encodeFull(`${protocol} ${plan.reason}`, encode) : encode();
  }

  /** Undefined while the client may be ahead: of another epoch only a source that is current can tell which is newer. */
  #plan(basis: Selector | undefined): SendPlan | undefined {
    const isOfAnother = basis !== undefined && basis.epoch !== this.#epoch;
    return isOfAnother && !this.#isCurrent() ? undefined : planTransfer(basis, this.selector);
  }

  #encodeTransfer({ intent, reason, since }: SendPlan): readonly SseEvent[] {
    return encodeTransfer(this.payloadSince(intent === 'xfer-full' ? undefined : since), intent, reason);
  }

  #encodeFull(name: string, encode: () => Uint8Array): Uint8Array {
    const known = this.#full.get(name);
    if (known !== undefined) return known;
    const bytes = encode();
    this.#full.set(name, bytes);
    return bytes;
  }
}

function encodeUpdate(protocol: StreamProtocol, update: Payload): Uint8Array {
  if (protocol === 'fdv1') return encodeFrame(encodeFdv1Changes(update));
  return frameFor(protocol, encodeFrame(encodeCommit(update)));
}

function encodeForAll(events: readonly SseEvent[]): Readonly<Record<'fdv2' | 'socket', Uint8Array>> {
  const frame = encodeFrame(events);
  return { fdv2: frame, socket: encodeSocketFrame(frame) };
}

function frameFor(protocol: StreamProtocol, frame: Uint8Array): Uint8Array {
  return protocol === 'socket' ? encodeSocketFrame(frame) : frame;
}

function encodeFrame(events: readonly SseEvent[]): Uint8Array {
  return toBytes(events.map(encodeSse).join(''));
}

function toBytes(text: string): Uint8Array {
  return Buffer.from(text);
}
