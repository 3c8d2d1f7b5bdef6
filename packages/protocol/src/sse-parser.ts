import type { SseEvent } from './sse.ts';

/** Cuts a stream of text into server-sent events, however the text is cut into chunks. */
export interface SseParser {
  /** The events that the chunk completes. */
  push(chunk: string): readonly SseEvent[];
}

/** One event may have this many characters; a stream that exceeds it is not one of ours. */
const longestEvent = 256 * 1024 * 1024;

/** WHATWG HTML, section 9.2.6, without `id` and `retry`. Throws a RangeError when an event does not end. */
export function createSseParser(): SseParser {
  /** What came after the last line end, in pieces: joined once, however many chunks a long line takes. */
  let pieces: string[] = [];
  let length = 0;
  let event = '';
  let data: string[] = [];
  let endedWithReturn = false;

  function readLine(line: string, events: SseEvent[]): void {
    if (line === '') {
      if (data.length > 0) events.push({ event: event === '' ? 'message' : event, data: data.join('\n') });
      event = '';
      data = [];
      return;
    }
    const colon = line.indexOf(':');
    // A line that starts with a colon is a comment.
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const rest = colon < 0 ? '' : line.slice(colon + 1);
    const value = rest.startsWith(' ') ? rest.slice(1) : rest;
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }

  return {
    push: (chunk) => {
      const events: SseEvent[] = [];
      // A line may end in \r\n with the \n in the next chunk.
      let start = endedWithReturn && chunk.startsWith('\n') ? 1 : 0;
      endedWithReturn = false;
      for (let end = findLineEnd(chunk, start); end >= 0; end = findLineEnd(chunk, start)) {
        pieces.push(chunk.slice(start, end));
        readLine(pieces.length === 1 ? (pieces[0] ?? '') : pieces.join(''), events);
        pieces = [];
        length = 0;
        const isReturn = chunk[end] === '\r';
        endedWithReturn = isReturn && end + 1 === chunk.length;
        start = isReturn && chunk[end + 1] === '\n' ? end + 2 : end + 1;
      }
      if (start < chunk.length) {
        pieces.push(chunk.slice(start));
        length += chunk.length - start;
        if (length > longestEvent)
          throw new RangeError(`an event of the stream is longer than ${longestEvent} characters`);
      }
      return events;
    },
  };
}

function findLineEnd(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  const carriageReturn = text.indexOf('\r', from);
  if (newline < 0 || carriageReturn < 0) return Math.max(newline, carriageReturn);
  return Math.min(newline, carriageReturn);
}
