import type { Socket } from 'node:net';
import {
  encodeNotice,
  encodeSse,
  isMalformation,
  nameWindow,
  parseReport,
  type Report,
  type Selector,
  type SseEvent,
  type WindowReport,
} from '@sluice/protocol';
import type { WebSocket } from 'ws';
import type { Channel, Subscriber } from './channel.ts';
import type { Fleet, Member } from './fleet.ts';
import { FrameWriter } from './frame-writer.ts';
import { encodeSocketClose, encodeSocketFrame, encodeSocketPong } from './socket-frame.ts';
import type { Kept, StreamKeeper } from './stream-keeper.ts';

export interface SocketStreamOpening {
  readonly channel: Channel;
  /** Only reads; what is written goes past it, so that frames are made once for all clients. */
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  readonly basis: Selector | undefined;
  readonly environmentId: string;
  readonly credentialId: string;
}

export interface SocketStreamHost {
  readonly keeper: StreamKeeper;
  readonly fleet: Fleet;
  /** What a new connection is told of how to report. */
  greeting(): Uint8Array;
  /** Takes in a batch of events; returns the status that a request with it would get. */
  recordEvents(environmentId: string, batch: { readonly payloadId: string; readonly events: unknown }): number;
  /** Takes in a window of telemetry; resolves when nobody needs to send it again. */
  recordWindow(environmentId: string, report: WindowReport): Promise<void>;
  /** The answer to a renewal; undefined: there is none. */
  renew(environmentId: string, mark: number): Promise<SseEvent | undefined>;
  now(): number;
  /** A window could not be kept. */
  noteUnkept(error: unknown): void;
  /** A client does not keep to the protocol. */
  noteMalformed(problem: string): void;
}

/** Windows of SDKs of ours are shorter. */
const windowLimitBytes = 4 * 1024 * 1024;
/** The server is going away; clients come back, here or elsewhere. RFC 6455, section 7.4.1. */
const goingAway = 1001;

/** A socket of an SDK: events of its channel go down, reports come up. */
export class SocketStream implements Subscriber {
  readonly protocol = 'socket';
  readonly basis: Selector | undefined;
  readonly credentialId: string;
  readonly #host: SocketStreamHost;
  readonly #channel: Channel;
  readonly #environmentId: string;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #kept: Kept;
  /** Known once the client has said who it is. */
  #member: Member | undefined;
  #instance: string | undefined;
  #isEnding = false;

  constructor(host: SocketStreamHost, opening: SocketStreamOpening) {
    const { channel, webSocket, socket, basis, environmentId, credentialId } = opening;
    this.#host = host;
    this.#channel = channel;
    this.#environmentId = environmentId;
    this.#socket = socket;
    this.basis = basis;
    this.credentialId = credentialId;
    socket.setNoDelay(true);
    this.#writer = new FrameWriter(socket);
    this.#kept = host.keeper.keep({
      protocol: 'socket',
      writer: this.#writer,
      end: () => channel.end('lifetime', [this]),
      cut: () => socket.destroy(),
    });
    webSocket.on('message', (data: Buffer) => this.#read(data));
    webSocket.on('ping', (data: Buffer) => this.#writer.send(encodeSocketPong(data)));
    // A client that breaks the protocol is cut off by the reader.
    webSocket.on('error', (error) => host.noteMalformed(error.message));
    webSocket.on('close', () => this.#close());
    this.#writer.send(host.greeting());
    channel.subscribe(this);
  }

  get instance(): string | undefined {
    return this.#instance;
  }

  send(frame: Uint8Array, _version: number, onLeft?: () => void): void {
    this.#writer.send(frame, onLeft);
  }

  /** A client that does not close in turn is cut off when its lease ends. */
  end(): void {
    this.#isEnding = true;
    this.#kept.heardAt ??= this.#host.keeper.now();
    this.#writer.send(encodeSocketClose(goingAway));
    this.#writer.end();
  }

  #read(data: Buffer): void {
    // Its key may have been revoked.
    if (this.#isEnding) return;
    let value: unknown;
    try {
      value = JSON.parse(data.toString());
    } catch (error) {
      this.#host.noteMalformed(error instanceof Error ? error.message : String(error));
      return;
    }
    const report = parseReport(value);
    if (report === undefined) return;
    if (isMalformation(report)) this.#host.noteMalformed(`${report.path}: expected ${report.expected}`);
    else this.#take(report, data.length);
  }

  #take(report: Report, sizeBytes: number): void {
    const { fleet, keeper } = this.#host;
    this.#kept.heardAt = keeper.now();
    switch (report.kind) {
      case 'hello':
        if (this.#member !== undefined) fleet.leave([this.#member]);
        this.#instance = report.key;
        this.#member = fleet.join(this.#environmentId, { ...report, isForeign: false });
        return;
      case 'acknowledgement':
        if (this.#member !== undefined) fleet.acknowledge([this.#member], report);
        return;
      case 'probe':
        fleet.answerProbe(report.id, 0);
        return;
      case 'events':
        this.#takeEvents(report);
        return;
      case 'telemetry':
        if (sizeBytes > windowLimitBytes) this.#sayTaken(nameWindow(report), 413);
        else this.#takeWindow(report);
        return;
      case 'renewal':
        // Whoever has not said who it is, nobody waits for.
        if (this.#member !== undefined) void this.#renew(report.mark);
        return;
      case 'goodbye':
        if (this.#member !== undefined) fleet.leave([this.#member]);
        this.#member = undefined;
        return;
      default:
        report satisfies never;
    }
  }

  async #renew(mark: number): Promise<void> {
    const answer = await this.#host.renew(this.#environmentId, mark);
    if (answer !== undefined && this.#member !== undefined) this.#writer.send(frameOf(answer));
  }

  #takeEvents({ id, events }: Extract<Report, { kind: 'events' }>): void {
    this.#sayTaken(id, this.#host.recordEvents(this.#environmentId, { payloadId: id, events }));
  }

  /** Nothing is said of a window that is not kept: whoever sent it waits for a while, and sends it again. */
  #takeWindow(report: WindowReport): void {
    this.#host.recordWindow(this.#environmentId, report).then(
      () => this.#sayTaken(nameWindow(report), 202),
      (error: unknown) => this.#host.noteUnkept(error),
    );
  }

  #sayTaken(id: string, status: number): void {
    this.#writer.send(frameOf(encodeNotice({ event: 'taken', id, status, at: this.#host.now() })));
  }

  #close(): void {
    this.#kept.release();
    this.#channel.unsubscribe(this);
    if (this.#member !== undefined) {
      const silentMs = this.#kept.heardAt === undefined ? 0 : this.#host.keeper.now() - this.#kept.heardAt;
      this.#host.fleet.lose([this.#member], silentMs);
      this.#member = undefined;
    }
    this.#socket.destroy();
  }
}

function frameOf(event: SseEvent): Uint8Array {
  return encodeSocketFrame(Buffer.from(encodeSse(event)));
}
