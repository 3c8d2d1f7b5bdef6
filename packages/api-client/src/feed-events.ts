import type { FeedEventView } from './views.ts';

/** Reads the events of a live feed as the server writes them: lines of `name: value`, an empty line after each event. */
export async function* readFeedEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<FeedEventView, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = new Map(block.split('\n').map((line) => [line.split(': ', 1)[0], line]));
      const [event, data] = [lines.get('event'), lines.get('data')];
      // The server's views have the types declared here.
      if (event !== undefined && data !== undefined)
        yield { event: event.slice(7), data: JSON.parse(data.slice(6)) } as FeedEventView;
    }
  }
}
