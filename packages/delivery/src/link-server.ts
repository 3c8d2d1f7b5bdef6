import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type EvaluationCount,
  encodeUpdateHead,
  isMalformation,
  type LinkDown,
  type LinkKeys,
  type LinkUp,
  parseLinkUp,
  parseSelector,
  type SdkKeyEntry,
  unpackMembers,
  type WindowReport,
} from '@sluice/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Channel, Subscriber } from './channel.ts';
import type { Confirmation } from './confirmation.ts';
import type { Fleet, Member } from './fleet.ts';
import { FrameWriter } from './frame-writer.ts';
import { encodeSocketClose, encodeSocketPong, encodeSocketText } from './socket-frame.ts';
import { answerUpgrade } from './upgrade.ts';

export const linkPath = '/sdk/v1/edge';

/** A relay that was let in. */
export interface RelayAdmission {
  readonly credentialId: string;
  /** What people call it; undefined: a worker of this very program, which nobody needs to know of. */
  readonly name: string | undefined;
}

/** What serving relays needs from the program above them. */
export interface LinkHost {
  /** Sessions of this relay and of those above it; empty: this is no relay. */
  readonly path: readonly string[];
  /** `unknown` only when all keys were looked at; not knowing is a rejection. */
  admitRelay(key: string): Promise<RelayAdmission | 'unknown'>;
  /** Undefined: it is not there yet; `refreshKeys` is called when it is. Rejects when it cannot be looked for. */
  findChannel(environmentId: string): Promise<Channel | undefined>;
  /** The environments that a relay may serve, and all keys that it may let in; undefined: its own key was revoked. */
  listKeys(credentialId: string): Promise<LinkKeys | undefined>;
  /** Undefined only when all keys were looked at. */
  findSdkKey(hash: string): Promise<SdkKeyEntry | undefined>;
  /** Keeps counts; resolves when they are kept, or were before. */
  recordCounts(environmentId: string, batch: CountBatch): Promise<void>;
  /** Takes in contexts that SDKs told of. */
  recordContexts(environmentId: string, contexts: readonly unknown[]): void;
  /** Keeps a window of telemetry; resolves when it is kept, or was before, or nobody wants it. */
  recordWindow(environmentId: string, report: WindowReport): Promise<void>;
  /** Asks whether the control plane knows of all who have arrived here by now. Rejects when nobody can be asked. */
  confirmArrivals(): Promise<Confirmation>;
  /** These SDK keys are in use at a relay. */
  noteUse(credentialIds: readonly string[]): void;
  retryAfterSeconds(): number;
  readonly logWarning: (fields: object, message: string) => void;
  readonly logError: (error: unknown, message: string) => void;
  readonly logDebug: (message: string) => void;
}

export interface CountBatch {
  readonly id: string;
  readonly counts: readonly EvaluationCount[];
  readonly agoMs: number;
}

export interface LinkServerOptions {
  readonly elapsed: () => number;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
}

/** Both ends say something at least this often, and give the link up when they hear nothing for so long. */
export const linkHeartbeatMs = 10_000;
export const linkSilentMs = 45_000;
const longestMessage = 64 * 1024 * 1024;
const goingAway = 1001;

/** Serves relays: the payloads of their environments and the keys go down, instances and counts come up. */
export class LinkServer {
  readonly #host: LinkHost;
  readonly #fleet: Fleet;
  readonly #options: LinkServerOptions;
  readonly #links = new Set<Link>();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: longestMessage,
  });
  readonly #stop: () => void;

  constructor(host: LinkHost, fleet: Fleet, options: LinkServerOptions) {
    this.#host = host;
    this.#fleet = fleet;
    this.#options = options;
    this.#stop = options.every(linkHeartbeatMs, () => {
      for (const link of this.#links) link.look(options.elapsed());
    });
  }

  /** Names of the relays that are connected. */
  list(): readonly Pick<RelayAdmission, 'name' | 'credentialId'>[] {
    return [...this.#links].map(({ admission }) => admission);
  }

  /** Credentials of the edges that are connected, here or at a relay below. */
  get edges(): ReadonlySet<string> {
    return new Set([...this.#links].flatMap((link) => link.edges));
  }

  /** Whether a request for another protocol is one of a relay; if so it is answered. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (request.url?.split('?')[0] !== linkPath) return false;
    // Nobody else listens while the key is looked up, and an error that nobody hears ends the process.
    socket.on('error', () => undefined);
    this.#accept(request, socket, head).catch((error: unknown) => {
      this.#host.logError(error, 'a relay could not be let in');
      const headers = { 'retry-after': String(this.#host.retryAfterSeconds()) };
      const detail = 'this cannot be answered now; try again';
      answerUpgrade(socket, { status: 503, code: 'unavailable', detail, headers });
    });
    return true;
  }

  /** Keys or environments were made, or keys revoked: relays are told which there are now, or their links end. */
  refreshKeys(): void {
    for (const link of this.#links) link.refresh();
  }

  probe(environmentId: string, id: string, share: number): void {
    for (const link of this.#links) {
      if (link.serves(environmentId)) link.send({ kind: 'probe', environmentId, id, share });
    }
  }

  close(): void {
    this.#stop();
    for (const link of this.#links) link.end();
  }

  async #accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const key = request.headers.authorization?.trim() ?? '';
    const admission = key === '' ? 'unknown' : await this.#host.admitRelay(key);
    if (admission === 'unknown') {
      const detail = `expected the key of an edge in Authorization, got ${key === '' ? 'none' : 'one that is not known'}`;
      answerUpgrade(socket, { status: 401, code: 'unauthorized', detail });
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      // Node gives a connection of its own to each upgrade.
      const connection = socket as Socket;
      const link: Link = new Link(this.#host, this.#fleet, {
        admission,
        webSocket,
        socket: connection,
        elapsed: this.#options.elapsed,
        onHello: (session) => this.#supersede(session, link),
        onClose: () => this.#links.delete(link),
      });
      this.#links.add(link);
    });
  }

  /** A relay that comes again has given up its link of before, whether that was noticed here or not. */
  #supersede(session: string, link: Link): void {
    for (const other of this.#links) if (other !== link && other.session === session) other.close();
  }
}

interface LinkOpening extends Pick<LinkServerOptions, 'elapsed'> {
  readonly admission: RelayAdmission;
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  /** The relay has said which process it is. */
  readonly onHello: (session: string) => void;
  readonly onClose: () => void;
}

/** The upper end of one link. */
class Link {
  readonly admission: RelayAdmission;
  readonly #host: LinkHost;
  readonly #fleet: Fleet;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #elapsed: () => number;
  readonly #onHello: (session: string) => void;
  readonly #onClose: () => void;
  /** Which process the relay is; undefined before it has said so. */
  session: string | undefined;
  /** What the relay may serve; what it says of other environments is not heard. */
  #environmentIds: ReadonlySet<string> = new Set();
  /** The keys that the relay may let in; what it says of others is not heard. */
  #credentialIds: ReadonlySet<string> = new Set();
  /** Credentials of the edges that are connected to the relay. */
  #edgesBelow: readonly string[] = [];
  /** The channels of these environments. */
  readonly #subscriptions = new Map<string, { readonly channel: Channel; readonly subscriber: Subscriber }>();
  /** What the fleet calls the members that the relay speaks of. */
  readonly #members = new Map<number, Member>();
  #heardAt: number;
  /** When something that waited for it left last, or nothing waited; and how much had left by then. */
  #progressAt: number;
  #leftBytes = 0;
  /** What the relay has; undefined before it has said so. */
  #states: Readonly<Record<string, string>> | undefined;
  /** One refresh after the other, each with what there is then. */
  #refreshing: Promise<void> = Promise.resolve();
  #isEnding = false;
  #isClosed = false;

  constructor(host: LinkHost, fleet: Fleet, opening: LinkOpening) {
    const { admission, webSocket, socket, elapsed, onHello, onClose } = opening;
    this.#host = host;
    this.#fleet = fleet;
    this.admission = admission;
    this.#socket = socket;
    this.#elapsed = elapsed;
    this.#onHello = onHello;
    this.#onClose = onClose;
    this.#heardAt = elapsed();
    this.#progressAt = this.#heardAt;
    socket.setNoDelay(true);
    this.#writer = new FrameWriter(socket);
    webSocket.on('message', (data: Buffer) => this.#read(data.toString()));
    webSocket.on('ping', (data: Buffer) => this.#writer.send(encodeSocketPong(data)));
    webSocket.on('error', (error) =>
      host.logWarning({ relay: admission.name, err: error }, 'the link to a relay broke'),
    );
    webSocket.on('close', () => this.close());
  }

  send(message: LinkDown): void {
    this.#writer.send(encodeSocketText(Buffer.from(JSON.stringify(message))));
  }

  serves(environmentId: string): boolean {
    return this.#environmentIds.has(environmentId);
  }

  /** Itself, if it is an edge, and those below it. */
  get edges(): readonly string[] {
    const { name, credentialId } = this.admission;
    return name === undefined ? this.#edgesBelow : [credentialId, ...this.#edgesBelow];
  }

  /** Tells the relay which keys there are, and starts to tell it of environments that it has not been told of. */
  refresh(): void {
    if (this.#states === undefined) return;
    const states = this.#states;
    this.#refreshing = this.#refreshing
      .then(() => this.#tellAll(states))
      .catch((error: unknown) => {
        this.#host.logError(error, 'a relay could not be told what it may serve; it will connect again');
        this.#socket.destroy();
      });
  }

  /** A relay that does not close in turn is cut off when it is looked at next. */
  end(): void {
    this.#isEnding = true;
    this.#writer.send(encodeSocketClose(goingAway));
    this.#writer.end();
  }

  /** Says that we are there, and gives up a relay that has said nothing, or taken in nothing, for too long. */
  look(now: number): void {
    if (this.#writer.isIdle || this.#writer.leftBytes !== this.#leftBytes) {
      this.#leftBytes = this.#writer.leftBytes;
      this.#progressAt = now;
    }
    const isStalled = now - this.#progressAt >= linkSilentMs;
    if (this.#isEnding || isStalled || now - this.#heardAt >= linkSilentMs) this.#socket.destroy();
    else this.send({ kind: 'heartbeat' });
  }

  #read(text: string): void {
    // Its key may have been revoked.
    if (this.#isEnding || this.#isClosed) return;
    this.#heardAt = this.#elapsed();
    let message: ReturnType<typeof parseLinkUp>;
    try {
      message = parseLinkUp(text);
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : String(error));
      return;
    }
    if (message === undefined) return;
    if (isMalformation(message)) this.#refuse(`${message.path} must be ${message.expected}, got ${message.found}`);
    else this.#take(message);
  }

  #refuse(problem: string): void {
    this.#host.logWarning({ relay: this.admission.name, problem }, 'a relay sent what is not understood');
  }

  #take(message: LinkUp): void {
    const fleet = this.#fleet;
    switch (message.kind) {
      case 'hello':
        this.session = message.session;
        this.#onHello(message.session);
        this.#states = message.states;
        this.refresh();
        return;
      case 'joined':
        if (!this.serves(message.environmentId)) return;
        for (const { member, ...arrival } of message.arrivals) {
          const { name } = this.admission;
          const through = [name, arrival.through].filter((part) => part !== undefined).join(' › ') || undefined;
          this.#members.set(member, fleet.join(message.environmentId, { ...arrival, through }));
        }
        return;
      case 'acknowledged':
        fleet.acknowledge(this.#translate(message.members), message.running);
        return;
      case 'heard':
        fleet.hear(this.#translate(message.members));
        return;
      case 'delivered':
        fleet.deliver(this.#translate(message.members), message.version);
        return;
      case 'inferred':
        if (this.serves(message.environmentId)) fleet.infer(message.environmentId, message.session, message.version);
        return;
      case 'lost':
        fleet.lose(this.#translate(message.members), message.silentMs);
        this.#forget(message.members);
        return;
      case 'left':
        fleet.leave(this.#translate(message.members));
        this.#forget(message.members);
        return;
      case 'answered':
        for (const agoMs of message.agoMs) fleet.answerProbe(message.id, agoMs);
        return;
      case 'counted':
        this.#record(message);
        return;
      case 'telemetry':
        this.#recordWindow(message);
        return;
      case 'seen':
        if (this.serves(message.environmentId)) this.#host.recordContexts(message.environmentId, message.contexts);
        return;
      case 'used':
        this.#edgesBelow = message.edges.filter((id) => this.#credentialIds.has(id));
        this.#host.noteUse(message.sdkKeys.filter((id) => this.#credentialIds.has(id)));
        return;
      case 'lookup':
        this.#lookUp(message);
        return;
      case 'confirm':
        this.#confirm(message.id);
        return;
      case 'refused':
        this.#host.logWarning(
          { relay: this.admission.name, environment: message.environmentId, problem: message.problem },
          'a relay could not use an update',
        );
        return;
      case 'heartbeat':
        return;
      default:
        message satisfies never;
    }
  }

  async #tellAll(states: Readonly<Record<string, string>>): Promise<void> {
    const keys = await this.#host.listKeys(this.admission.credentialId);
    if (this.#isClosed) return;
    if (keys === undefined) return this.end();
    this.#environmentIds = new Set(keys.environmentIds);
    this.#credentialIds = new Set([...keys.sdkKeys, ...keys.edgeKeys].map(({ credentialId }) => credentialId));
    this.send({ kind: 'keys', keys, path: this.#host.path });
    for (const environmentId of keys.environmentIds) {
      if (this.#subscriptions.has(environmentId)) continue;
      const channel = await this.#host.findChannel(environmentId);
      if (this.#isClosed) return;
      if (channel === undefined) continue;
      this.#subscribe(environmentId, channel, Object.hasOwn(states, environmentId) ? states[environmentId] : undefined);
    }
  }

  #subscribe(environmentId: string, channel: Channel, state: string | undefined): void {
    const head = Buffer.from(encodeUpdateHead(environmentId));
    const subscriber: Subscriber = {
      protocol: 'fdv2',
      basis: parseSelector(state),
      credentialId: this.admission.credentialId,
      send: (frame, _version, onLeft) => this.#writer.send(encodeSocketText(head, frame), onLeft),
      end: () => this.end(),
    };
    this.#subscriptions.set(environmentId, { channel, subscriber });
    channel.subscribe(subscriber);
  }

  #translate(packed: readonly number[]): readonly Member[] {
    return unpackMembers(packed).flatMap((member) => this.#members.get(member) ?? []);
  }

  #forget(packed: readonly number[]): void {
    for (const member of unpackMembers(packed)) this.#members.delete(member);
  }

  #record({ id, environmentId, counts, agoMs }: Extract<LinkUp, { kind: 'counted' }>): void {
    // What nobody wants to have is not to be sent again and again.
    const recorded = this.serves(environmentId)
      ? this.#host.recordCounts(environmentId, { id, counts, agoMs })
      : Promise.resolve();
    recorded.then(
      () => this.send({ kind: 'taken', id }),
      (error: unknown) => this.#host.logError(error, 'counts of a relay could not be kept; it will send them again'),
    );
  }

  /** Nothing is said of a window that is not kept: the instance that sent it will do so again. */
  #recordWindow({ id, environmentId, ...report }: Extract<LinkUp, { kind: 'telemetry' }>): void {
    const recorded = this.serves(environmentId) ? this.#host.recordWindow(environmentId, report) : Promise.resolve();
    recorded.then(
      () => this.send({ kind: 'taken', id }),
      (error: unknown) => this.#host.logError(error, 'a window of telemetry could not be kept; it will be sent again'),
    );
  }

  /** Without an answer the relay below has none for its instances either, and their leases end. */
  #confirm(id: number): void {
    this.#host.confirmArrivals().then(
      ({ at, states }) => {
        const own = Object.entries(states).filter(([environmentId]) => this.serves(environmentId));
        if (this.#isClosed) return;
        this.send({ kind: 'confirmed', id, agoMs: this.#elapsed() - at, states: Object.fromEntries(own) });
      },
      (error: unknown) => this.#host.logDebug(`leases behind a relay could not be renewed: ${describe(error)}`),
    );
  }

  #lookUp({ id, hash }: Extract<LinkUp, { kind: 'lookup' }>): void {
    this.#findOwn(hash).then(
      (key) => this.send({ kind: 'found', id, ...(key !== undefined && { key }) }),
      // Without an answer the relay tells its client to try again.
      (error: unknown) => this.#host.logError(error, 'a key could not be looked up for a relay'),
    );
  }

  /** A key of an environment that the relay may serve: which these are has to be known, and may have changed. */
  async #findOwn(hash: string): Promise<SdkKeyEntry | undefined> {
    await this.#refreshing;
    const key = await this.#host.findSdkKey(hash);
    if (key === undefined || this.serves(key.environmentId)) return key;
    this.refresh();
    await this.#refreshing;
    return this.serves(key.environmentId) ? key : undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { channel, subscriber } of this.#subscriptions.values()) channel.unsubscribe(subscriber);
    this.#subscriptions.clear();
    this.#fleet.lose([...this.#members.values()], 0);
    this.#members.clear();
    this.#socket.destroy();
    this.#onClose();
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
