/** RFC 6455, section 5.2, as far as a server sends it: whole frames, not masked. */
const opcodes = { binary: 0x2, close: 0x8, pong: 0xa } as const;
const finalBit = 0x80;
/** Longer content is sent as several messages, so that clients can use the first before they have the last. */
const messageBytes = 64 * 1024 - 1;

/** Content as binary messages; where one ends and the next begins means nothing. */
export function encodeSocketFrame(content: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < content.length; start += messageBytes) {
    parts.push(...encodeMessage('binary', content.subarray(start, start + messageBytes)));
  }
  return Buffer.concat(parts);
}

/** The end of a connection in good order. */
export function encodeSocketClose(code: number): Uint8Array {
  return Buffer.concat(encodeMessage('close', Uint8Array.of(code >> 8, code & 0xff)));
}

export function encodeSocketPong(content: Uint8Array): Uint8Array {
  return Buffer.concat(encodeMessage('pong', content));
}

function encodeMessage(kind: keyof typeof opcodes, content: Uint8Array): [head: Uint8Array, content: Uint8Array] {
  const first = finalBit | opcodes[kind];
  const { length } = content;
  return [length < 126 ? Uint8Array.of(first, length) : Uint8Array.of(first, 126, length >> 8, length & 0xff), content];
}
