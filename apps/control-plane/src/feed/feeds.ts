import type { EnvironmentRow } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { EnvironmentFeed, type FeedParts } from './environment-feed.ts';
import { heartbeatFrame } from './feed-frame.ts';
import type { FeedReader } from './feed-reader.ts';

/** Streams of one server; each is a page that somebody looks at. */
const mostReaders = 1000;
const heartbeatMs = 15_000;
/** Whoever lost the right to read is found within this. */
const checkMs = 3000;

/** Asks again what was asked when the stream was opened: whether whoever reads may. */
type MayRead = () => Promise<boolean>;

/** The live feeds of this server: of each environment that somebody looks at. */
export class Feeds {
  readonly #parts: FeedParts;
  readonly #feeds = new Map<string, Promise<EnvironmentFeed>>();
  readonly #readers = new Map<FeedReader, MayRead>();
  readonly #stops: readonly (() => void)[];
  readonly #check: () => Promise<void> = oneAtATime(() => this.#endForbidden());
  #isClosed = false;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    const { platform, errors } = parts;
    this.#stops = [
      platform.every(heartbeatMs, () => {
        for (const reader of this.#readers.keys()) reader.send(heartbeatFrame);
      }),
      platform.every(checkMs, () => {
        this.#check().catch((error: unknown) => errors.write(error, 'who may read the live feed is not known'));
      }),
    ];
  }

  /** Throws where there is no room for one more. */
  refuseTooMany(): void {
    if (this.#isClosed) throw new ServerError('unavailable', 'the server is stopping; try again');
    if (this.#readers.size < mostReaders) return;
    throw new ServerError('unavailable', `${mostReaders} streams of events are open here already; try again later`);
  }

  /** Lets somebody read the feed of an environment until the stream is closed. */
  async open(
    environment: Pick<EnvironmentRow, 'id' | 'projectKey'>,
    reader: FeedReader,
    { after, mayRead }: { readonly after: number | undefined; readonly mayRead: MayRead },
  ): Promise<void> {
    this.#readers.set(reader, mayRead);
    reader.onClose(() => {
      this.#readers.delete(reader);
      void this.#closeUnread(environment.id);
    });
    try {
      await (await this.#find(environment)).join(reader, after);
    } catch (error) {
      // It comes back, and asks again.
      reader.end();
      throw error;
    }
  }

  /** An environment has a new version. */
  notice(environmentId: string): void {
    const { errors } = this.#parts;
    this.#feeds
      .get(environmentId)
      ?.then((feed) => feed.tellChanges())
      .catch((error: unknown) => errors.write(error, 'the live feed could not read what was changed'));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    for (const reader of this.#readers.keys()) reader.end();
    for (const feed of this.#feeds.values()) (await feed.catch(() => undefined))?.close();
    await this.#check().catch(() => undefined);
  }

  #find(environment: Pick<EnvironmentRow, 'id' | 'projectKey'>): Promise<EnvironmentFeed> {
    const known = this.#feeds.get(environment.id);
    if (known !== undefined) return known;
    const opening = this.#start(environment);
    this.#feeds.set(environment.id, opening);
    opening.catch(() => this.#feeds.delete(environment.id));
    return opening;
  }

  async #start(environment: Pick<EnvironmentRow, 'id' | 'projectKey'>): Promise<EnvironmentFeed> {
    const channel = await this.#parts.channels.open(environment.id);
    const feed = new EnvironmentFeed(environment, channel, this.#parts);
    await feed.start();
    return feed;
  }

  async #closeUnread(environmentId: string): Promise<void> {
    const opening = this.#feeds.get(environmentId);
    const feed = await opening?.catch(() => undefined);
    if (feed === undefined || feed.readers.size > 0 || this.#feeds.get(environmentId) !== opening) return;
    this.#feeds.delete(environmentId);
    feed.close();
  }

  async #endForbidden(): Promise<void> {
    for (const [reader, mayRead] of this.#readers) {
      if (!this.#isClosed && !(await mayRead())) reader.end();
    }
  }
}
