import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Selector } from '@sluice/protocol';
import type { Channel, Subscriber } from './channel.ts';
import { FrameWriter } from './frame-writer.ts';
import type { StreamKeeper } from './stream-keeper.ts';

export interface HttpStreamOpening {
  readonly channel: Channel;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly protocol: 'fdv1' | 'fdv2';
  readonly basis: Selector | undefined;
  readonly environmentId: string;
  readonly credentialId: string;
  /** What comes before everything else. */
  readonly greeting?: Uint8Array | undefined;
  /** Is told of each version that has left for the client. */
  readonly onLeft?: ((version: number) => void) | undefined;
  readonly onClose?: (() => void) | undefined;
}

/** Turns a request into a stream of its channel until either side ends it. */
export function openHttpStream(keeper: StreamKeeper, opening: HttpStreamOpening): void {
  const { channel, request, response, protocol, basis, environmentId, credentialId, greeting, onLeft, onClose } =
    opening;
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
    send:
      onLeft === undefined
        ? (frame, _, onSent) => writer.send(frame, onSent)
        : (frame, version, onSent) =>
            writer.send(frame, () => {
              onSent?.();
              onLeft(version);
            }),
    pass: (version) => onLeft?.(version),
    end: () => writer.end(),
  };
  const kept = keeper.keep({
    protocol,
    writer,
    end: () => channel.end('lifetime', [subscriber]),
    cut: () => response.destroy(),
  });
  response.on('close', () => {
    kept.release();
    channel.unsubscribe(subscriber);
    onClose?.();
  });
  if (greeting !== undefined) writer.send(greeting);
  channel.subscribe(subscriber);
}
