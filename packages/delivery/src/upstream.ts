import {
  createBackoff,
  createRelayReceiver,
  createSseParser,
  isMalformation,
  type LinkDown,
  type LinkKeys,
  type LinkUp,
  parseLinkDown,
  type Receiver,
  type SdkKeyEntry,
  type SseParser,
  splitUpdate,
  type Transfer,
  type WireObject,
} from '@sluice/protocol';
import { WebSocket } from 'ws';
import type { Confirmation } from './confirmation.ts';
import { linkHeartbeatMs, linkPath, linkSilentMs } from './link-server.ts';

export interface UpstreamOptions {
  /** What is above: `http://127.0.0.1:7400`, or `ws+unix:/path/of/a/socket:`. */
  readonly url: string;
  readonly key: string;
  /** Of this process. */
  readonly session: string;
  readonly platform: UpstreamPlatform;
}

export interface UpstreamPlatform {
  readonly elapsed: () => number;
  readonly random: () => number;
  /** Calls back once after a delay, unless the returned function is called before. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
  readonly every: (periodMs: number, callback: () => void) => () => void;
}

/** Who uses what comes from above. */
export interface UpstreamSink {
  /** The selector of each environment, to resume from. */
  readonly states: Readonly<Record<string, string>>;
  /** The link is up; it is down again when the returned function is called. */
  connect(send: (message: LinkUp) => void): () => void;
  /** `path`: sessions of the relays above. */
  keys(keys: LinkKeys, path: readonly string[]): void;
  /** Puts an update in force; a sentence when it cannot be used. */
  update(environmentId: string, transfer: Transfer<WireObject>): string | undefined;
  /** What we have of an environment is all that there is. */
  confirm(environmentId: string): void;
  probe(environmentId: string, id: string, share: number): void;
  /** Counts, or a window, that were sent are kept. */
  taken(id: string): void;
  readonly logInfo: (fields: object, message: string) => void;
  readonly logWarning: (fields: object, message: string) => void;
}

const backoffMs = { firstMs: 500, mostMs: 10_000 };
const healthyMs = 30_000;
/** What is above says at once that it does not know our key; whoever deleted it by mistake gives us another. */
const rejectedMs = 30_000;
const handshakeTimeoutMs = 10_000;
const lookPeriodMs = 1000;
/** A look-up that is not answered in this time has failed: the client is told to try again. */
const lookUpTimeoutMs = 2000;
/** So many look-ups may wait for an answer: unknown keys are not to keep what is above busy. */
const lookUpsAtOnce = 100;
/** Nobody's key stays nobody's for so long. */
const unknownKeptMs = 5000;

interface LookUp {
  readonly promise: Promise<SdkKeyEntry | undefined>;
  settle(key: SdkKeyEntry | undefined): void;
  fail(error: Error): void;
}

interface Asked {
  readonly askedAt: number;
  resolve(confirmation: Confirmation): void;
  reject(error: Error): void;
}

/** The lower end of a link: keeps one to what is above, and takes in what comes from there. */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #sink: UpstreamSink;
  #socket: WebSocket | undefined;
  #isUp = false;
  /** Set while what is above listens. */
  #down: (() => void) | undefined;
  #heardAt = 0;
  #cancelRetry = (): void => undefined;
  #closed = false;
  #problem: string | undefined;
  /** What is above is below, too. */
  #isRound = false;
  /** By environment: what the events since the last commit come to. */
  readonly #receivers = new Map<string, { readonly parser: SseParser; readonly receiver: Receiver<WireObject> }>();
  readonly #confirmations = new Map<number, Asked>();
  readonly #lookUps = new Map<number, LookUp>();
  readonly #lookUpIds = new Map<string, number>();
  readonly #unknown = new Map<string, number>();
  #ids = 0;
  #changedAt: number;
  readonly #backoff: ReturnType<typeof createBackoff>;
  readonly #stop: () => void;

  constructor(options: UpstreamOptions, sink: UpstreamSink) {
    this.#options = options;
    this.#sink = sink;
    this.#changedAt = options.platform.elapsed();
    this.#backoff = createBackoff(backoffMs, options.platform);
    let beats = 0;
    this.#stop = options.platform.every(lookPeriodMs, () => {
      this.#look();
      beats = (beats + 1) % (linkHeartbeatMs / lookPeriodMs);
      if (beats === 0) this.send({ kind: 'heartbeat' });
    });
  }

  start(): void {
    if (this.#closed) return;
    const { url, key } = this.#options;
    const socket = new WebSocket(addressOf(url), {
      headers: { authorization: key },
      perMessageDeflate: false,
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: 0,
    });
    this.#socket = socket;
    const startedAt = this.#options.platform.elapsed();
    let problem = 'the connection ended';
    let isRejected = false;
    socket.on('open', () => this.#open(socket));
    socket.on('message', (data: Buffer) => this.#read(socket, data.toString()));
    socket.on('unexpected-response', (request, response) => {
      isRejected = response.statusCode === 401;
      problem = isRejected ? 'its key is not known there (401)' : `it was answered ${response.statusCode}`;
      response.resume();
      request.destroy();
      socket.terminate();
    });
    socket.on('error', (error) => {
      if (!isRejected) problem = error.message;
    });
    socket.on('close', () => {
      this.#close(socket);
      if (this.#closed) return;
      if (this.#options.platform.elapsed() - startedAt >= healthyMs) this.#backoff.reset();
      if (this.#isRound) problem = 'it is this edge itself, or one that is below it: a server must be above';
      const retryMs = isRejected || this.#isRound ? rejectedMs : this.#backoff.next();
      this.#isRound = false;
      this.#problem = problem;
      this.#sink.logWarning({ upstream: url, problem, retryMs }, 'the link to what is above is down');
      this.#cancelRetry = this.#options.platform.after(retryMs, () => this.start());
    });
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** The link is up, and has brought the keys as they are now. */
  get isCurrent(): boolean {
    return this.#down !== undefined;
  }

  /** Why it is down; undefined while it is up, and before it was tried. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** For how long the link has been up, or down. */
  get sinceMs(): number {
    return this.#options.platform.elapsed() - this.#changedAt;
  }

  send(message: LinkUp): void {
    if (this.#isUp) this.#socket?.send(JSON.stringify(message));
  }

  /** Asks whose key has a hash; undefined: nobody's. Rejects when nobody can be asked now. */
  lookUp(hash: string): Promise<SdkKeyEntry | undefined> {
    const { platform } = this.#options;
    if ((this.#unknown.get(hash) ?? Number.NEGATIVE_INFINITY) > platform.elapsed() - unknownKeptMs)
      return Promise.resolve(undefined);
    const asked = this.#lookUps.get(this.#lookUpIds.get(hash) ?? 0);
    if (asked !== undefined) return asked.promise;
    if (!this.#isUp) return Promise.reject(new Error('what is above cannot be asked about a key now'));
    if (this.#lookUps.size >= lookUpsAtOnce) return Promise.reject(new Error('too many unknown keys are asked about'));
    return this.#ask(hash);
  }

  /** Asks whether the control plane knows of all who were told of by now. Rejects when the link is down, or breaks. */
  confirmArrivals(): Promise<Confirmation> {
    // Before the keys came nobody has been told of.
    if (!this.isCurrent) return Promise.reject(new Error('the link to what is above is down'));
    const { promise, resolve, reject } = Promise.withResolvers<Confirmation>();
    const id = ++this.#ids;
    this.#confirmations.set(id, { askedAt: this.#options.platform.elapsed(), resolve, reject });
    this.send({ kind: 'confirm', id });
    return promise;
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.#cancelRetry();
    this.#socket?.close();
  }

  #ask(hash: string): Promise<SdkKeyEntry | undefined> {
    const { platform } = this.#options;
    const id = ++this.#ids;
    const { promise, resolve, reject } = Promise.withResolvers<SdkKeyEntry | undefined>();
    const finish = (): void => {
      cancel();
      this.#lookUps.delete(id);
      this.#lookUpIds.delete(hash);
    };
    const lookUp: LookUp = {
      promise,
      settle: (key) => {
        finish();
        if (key === undefined) this.#noteUnknown(hash);
        resolve(key);
      },
      fail: (error) => {
        finish();
        reject(error);
      },
    };
    const cancel = platform.after(lookUpTimeoutMs, () =>
      lookUp.fail(new Error('what is above did not answer about a key')),
    );
    this.#lookUps.set(id, lookUp);
    this.#lookUpIds.set(hash, id);
    this.send({ kind: 'lookup', id, hash });
    return promise;
  }

  #noteUnknown(hash: string): void {
    if (this.#unknown.size >= lookUpsAtOnce) this.#unknown.clear();
    this.#unknown.set(hash, this.#options.platform.elapsed());
  }

  #open(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#isUp = true;
    this.#problem = undefined;
    this.#changedAt = this.#options.platform.elapsed();
    this.#heardAt = this.#changedAt;
    this.#receivers.clear();
    this.#unknown.clear();
    this.#sink.logInfo({ upstream: this.#options.url }, 'the link to what is above is up');
    this.send({ kind: 'hello', session: this.#options.session, states: this.#sink.states });
  }

  /** What is above knows what we may serve, and listens to what we say of it. */
  #connect(): void {
    this.#down ??= this.#sink.connect((message) => this.send(message));
  }

  #close(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    if (this.#isUp) this.#changedAt = this.#options.platform.elapsed();
    this.#isUp = false;
    this.#down?.();
    this.#down = undefined;
    const error = new Error('the link to what is above broke');
    for (const lookUp of [...this.#lookUps.values()]) lookUp.fail(error);
    for (const { reject } of this.#confirmations.values()) reject(error);
    this.#confirmations.clear();
  }

  /** Gives up a link that has brought nothing for too long, whatever TCP says of it. */
  #look(): void {
    if (!this.#isUp) return;
    if (this.#options.platform.elapsed() - this.#heardAt >= linkSilentMs) this.#socket?.terminate();
  }

  #read(socket: WebSocket, text: string): void {
    if (socket !== this.#socket) return;
    this.#heardAt = this.#options.platform.elapsed();
    try {
      const update = splitUpdate(text);
      if (update !== undefined) this.#takeUpdate(update.environmentId, update.events);
      else this.#take(parseLinkDown(text));
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : String(error));
    }
  }

  #take(message: ReturnType<typeof parseLinkDown>): void {
    if (message === undefined) return;
    if (isMalformation(message)) {
      this.#refuse(`${message.path} must be ${message.expected}, got ${message.found}`);
      return;
    }
    this.#act(message);
  }

  #act(message: LinkDown): void {
    switch (message.kind) {
      case 'keys':
        this.#takeKeys(message);
        return;
      case 'found':
        this.#lookUps.get(message.id)?.settle(message.key);
        return;
      case 'probe':
        this.#sink.probe(message.environmentId, message.id, message.share);
        return;
      case 'taken':
        this.#sink.taken(message.id);
        return;
      case 'confirmed':
        this.#takeConfirmation(message);
        return;
      case 'heartbeat':
        return;
      default:
        message satisfies never;
    }
  }

  /** What is above knew it after it was asked, so counting from the asking is never too late. */
  #takeConfirmation({ id, agoMs, states }: Extract<LinkDown, { kind: 'confirmed' }>): void {
    const asked = this.#confirmations.get(id);
    this.#confirmations.delete(id);
    asked?.resolve({ at: asked.askedAt - agoMs, states });
  }

  #takeKeys({ keys, path = [] }: Extract<LinkDown, { kind: 'keys' }>): void {
    if (path.includes(this.#options.session)) {
      // Everything would go round for ever, and nothing of it come from a server.
      this.#isRound = true;
      this.#socket?.close();
      return;
    }
    this.#unknown.clear();
    this.#sink.keys(keys, path);
    this.#connect();
  }

  #takeUpdate(environmentId: string, events: string): void {
    const { parser, receiver } = this.#receiverOf(environmentId);
    for (const event of parser.push(events)) {
      const action = receiver.receiveText(event);
      if (action.kind === 'commit') this.#commit(environmentId, action.transfer);
      else if (action.kind === 'up-to-date') this.#sink.confirm(environmentId);
      else if (action.kind === 'refused') this.#refuseUpdate(environmentId, action.problem);
    }
  }

  #commit(environmentId: string, transfer: Transfer<WireObject>): void {
    const problem = this.#sink.update(environmentId, transfer);
    if (problem !== undefined) this.#refuseUpdate(environmentId, problem);
  }

  /** What was there before stays; the link begins anew, as what is above may mend it. */
  #refuseUpdate(environmentId: string, problem: string): void {
    this.send({ kind: 'refused', environmentId, problem });
    this.#refuse(`an update of ${environmentId}: ${problem}`);
    this.#socket?.close();
  }

  #refuse(problem: string): void {
    this.#sink.logWarning({ upstream: this.#options.url, problem }, 'what is above sent something that cannot be used');
  }

  #receiverOf(environmentId: string): { readonly parser: SseParser; readonly receiver: Receiver<WireObject> } {
    const known = this.#receivers.get(environmentId) ?? { parser: createSseParser(), receiver: createRelayReceiver() };
    this.#receivers.set(environmentId, known);
    return known;
  }
}

function addressOf(url: string): string {
  return url.startsWith('ws+unix:')
    ? `${url}${linkPath}`
    : `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}${linkPath}`;
}
