import { describe, expect, test } from 'vitest';
import { encodeSse, sseHeartbeat } from './sse.ts';
import { createSseParser } from './sse-parser.ts';

/** The events of a text, cut into chunks of so many characters. */
function parseInChunks(text: string, size: number) {
  const parser = createSseParser();
  const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );
  return chunks.flatMap((chunk) => parser.push(chunk));
}

describe('server-sent events', () => {
  test.each([
    ['lines end in \\n', 'event: put\ndata: {}\n\n', [{ event: 'put', data: '{}' }]],
    ['lines end in \\r', 'event: put\rdata: {}\r\r', [{ event: 'put', data: '{}' }]],
    ['lines end in \\r\\n', 'event: put\r\ndata: {}\r\n\r\n', [{ event: 'put', data: '{}' }]],
    ['there is no space after the colon', 'event:put\ndata:{}\n\n', [{ event: 'put', data: '{}' }]],
    ['there are two spaces after the colon', 'data:  a\n\n', [{ event: 'message', data: ' a' }]],
    ['data has several lines', 'data: a\ndata\ndata: b\n\n', [{ event: 'message', data: 'a\n\nb' }]],
    [
      'there are comments and other fields',
      ': hi\nid: 1\nretry: 5\nevent: put\n:\ndata: a:b\n\n',
      [{ event: 'put', data: 'a:b' }],
    ],
    ['an event has no data', 'event: put\n\ndata: a\n\n', [{ event: 'message', data: 'a' }]],
    ['an event is not complete', 'data: a\n\ndata: b\n', [{ event: 'message', data: 'a' }]],
    ['there is nothing but heartbeats', sseHeartbeat.repeat(3), []],
  ])('are read however they are cut when %s', (_, text, expected) => {
    for (const size of [1, 2, 3, text.length]) expect(parseInChunks(text, size)).toEqual(expected);
  });

  test('come back as they were encoded', () => {
    const events = [
      { event: 'put', data: '{"a":"\\n: "}' },
      { event: 'heart-beat', data: '{}' },
    ];
    expect(parseInChunks(events.map(encodeSse).join(sseHeartbeat), 7)).toEqual(events);
  });
});
