/** RFC 6455, section 5.2, as far as a server sends it: whole frames, not masked. */
const opcodes = { text: 0x1, binary: 0x2, close: 0x8, pong: 0xa } as const;
const finalBit = 0x80;
/** Longer content is sent as several messages, so that clients can use the first before they have the last. */
const messageBytes = 64 * 1024 - 1;

/** Content as binary messages; where one ends and the next begins means nothing. */
export function encodeSocketFrame(content: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < content.length; start += messageBytes) {
    const part = content.subarray(start, start + messageBytes);
    parts.push(encodeHead('binary', part.length), part);
  }
  return Buffer.concat(parts);
}

/** One message of text, in UTF-8. */
export function encodeSocketText(...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([encodeHead('text', length), ...content]);
}

/** The end of a connection in good order. */
export function encodeSocketClose(code: number): Uint8Array {
  return Buffer.concat([encodeHead('close', 2), Uint8Array.of(code >> 8, code & 0xff)]);
}

export function encodeSocketPong(content: Uint8Array): Uint8Array {
  return Buffer.concat([encodeHead('pong', content.length), content]);
}

function encodeHead(kind: keyof typeof opcodes, length: number): Uint8Array {
  const first = finalBit | opcodes[kind];
  if (length < 126) return Uint8Array.of(first, length);
  if (length < 65_536) return Uint8Array.of(first, 126, length >> 8, length & 0xff);
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
