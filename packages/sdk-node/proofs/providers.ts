import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@sluice/testkit';
import { nodePlatform } from '../src/platform.ts';
import { readJournalFiles } from '../src/providers/journal-folder.ts';
import type { JournalMessage } from '../src/providers/ledger.ts';
import { type SenderSettings, theEnd } from './sender-settings.ts';

export const policies = ['never', 'idempotent-only', 'allow-duplicate'] as const;

export interface ProvidersReport {
  readonly policy: (typeof policies)[number];
  readonly messages: number;
  readonly kills: number;
  readonly sent: number;
  readonly failed: number;
  readonly unknown: number;
  /** Messages that were accepted more than once. */
  readonly duplicates: number;
  readonly durationMs: number;
  /** What was wrong in the end, in words; empty: nothing. */
  readonly violations: readonly string[];
}

export interface ProvidersProofOptions {
  readonly policy: (typeof policies)[number];
  readonly messages: number;
  /** The sender is killed at some moment of so many milliseconds after its first answer; 700. */
  readonly killWithinMs?: number;
  readonly seed?: number;
  /** A module that the sender loads first, to break something on purpose. */
  readonly sabotage?: string;
  readonly onProgress?: (line: string) => void;
}

/** Messages on their way at a time. */
const window = 100;
const later = 60_000;

/**
 * Sends messages by providers that fail in every way, from processes that are killed again and again and started anew,
 * and gives them again what they had not answered, as an outbox would. Where nothing may arrive twice there are two at
 * a time, each given every message at the same moment. In the end every message must be in the journal, as
 * the program was told, and as the providers have it; and none may have been accepted twice, unless the policy allows
 * that. What a sender had not brought to disk is lost with it.
 */
export async function proveProviders(options: ProvidersProofOptions): Promise<ProvidersReport> {
  const { policy, messages, killWithinMs = 700, seed = 1, onProgress } = options;
  const startedAt = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-providers-'));
  const honoursKeys = policy === 'idempotent-only';
  const providers = await Promise.all(['a', 'b', 'c'].map((name, at) => startProvider(name, seed + at, honoursKeys)));
  const settings: SenderSettings = {
    value: {
      providers: [
        { name: 'a', state: 'active', share: 60 },
        { name: 'b', state: 'active' },
        { name: 'c', state: 'standby' },
      ],
      ambiguous: policy,
      dwellMs: 1000,
    },
    urls: Object.fromEntries(providers.map(({ name, url }) => [name, url])),
    honoursKeys,
    journal: folder,
    // What hangs takes so long; a busy machine takes a while for an answer, too.
    timeoutMs: 600,
  };
  const outbox = new Outbox(messages);
  try {
    const random = createRandom(seed);
    let kills = 0;
    for (let told = 10; !outbox.isDone; ) {
      const senders = new Senders(policy === 'allow-duplicate' ? 1 : 2, settings, preloadsOf(options));
      kills += await senders.work(outbox, () => random.next() * killWithinMs);
      if (kills < told) continue;
      onProgress?.(`${policy}: ${outbox.told.size} messages, ${kills} kills`);
      told = kills + 10;
    }
    // What is in doubt is tried again, when the providers are well and nobody can be at it any more.
    await Promise.all(providers.map(({ heal }) => heal()));
    outbox.reopen('unknown');
    // Nobody hangs any more, and the machine may be slow.
    const last = new Senders(1, { ...settings, timeoutMs: 10_000 }, [
      ...preloadsOf(options),
      join(import.meta.dirname, 'later.ts'),
    ]);
    await last.work(outbox, undefined);
    const journal = await readJournalFiles(folder, nodePlatform, Date.now() + 2 * later);
    const accepted = new Map(
      await Promise.all(providers.map(async ({ name, listAccepted }) => [name, await listAccepted()] as const)),
    );
    const found = inspect({ policy, outbox, accepted, journal: journal.messages });
    const count = (status: string) => journal.messages.filter((message) => message.status === status).length;
    return {
      policy,
      messages,
      kills,
      sent: count('sent'),
      failed: count('failed'),
      unknown: count('unknown'),
      duplicates: found.duplicates,
      durationMs: performance.now() - startedAt,
      violations: [...journal.damage, ...found.violations],
    };
  } finally {
    for (const { stop } of providers) stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export function formatProvidersReport(report: ProvidersReport): string {
  const { policy, messages, kills, sent, failed, unknown, duplicates, durationMs, violations } = report;
  return (
    `${policy}: ${messages} messages, ${kills} kills; ${sent} sent, ${failed} failed, ${unknown} unknown, ` +
    `${duplicates} accepted more than once; ${violations.length} violations (${(durationMs / 1000).toFixed(0)} s)`
  );
}

function preloadsOf({ sabotage }: ProvidersProofOptions): readonly string[] {
  return [join(import.meta.dirname, 'power-cut.ts'), ...(sabotage === undefined ? [] : [sabotage])];
}

/** What is to be sent, and what senders said became of it. */
class Outbox {
  readonly told = new Map<string, Set<string>>();
  #left: string[];

  constructor(messages: number) {
    this.#left = Array.from({ length: messages }, (_, index) => `m${index}`).reverse();
  }

  get isDone(): boolean {
    return this.#left.length === 0;
  }

  take(): string | undefined {
    return this.#left.pop();
  }

  tell(message: string, status: string): void {
    this.told.set(message, (this.told.get(message) ?? new Set()).add(status));
  }

  /** Behind the others: what a killed process was about to begin is nobody else's for some seconds. */
  giveBack(messages: Iterable<string>): void {
    this.#left.unshift(...messages);
  }

  /** Messages of which anybody said so are to be sent once more. */
  reopen(status: string): void {
    const again = [...this.told].flatMap(([message, said]) => (said.has(status) ? [message] : []));
    for (const message of again) this.told.delete(message);
    this.giveBack(again);
  }
}

/** Processes that share a journal, and are given the same. */
class Senders {
  readonly #children: readonly ChildProcess[];

  constructor(count: number, settings: SenderSettings, preloads: readonly string[]) {
    const execArgv = ['--disable-warning=ExperimentalWarning', ...preloads.flatMap((module) => ['--import', module])];
    this.#children = Array.from({ length: count }, () =>
      fork(join(import.meta.dirname, 'sender.ts'), [JSON.stringify(settings)], { execArgv }),
    );
  }

  /** Sends until nothing is left, or all are killed; resolves with how many were. */
  async work(outbox: Outbox, killAfterMs: (() => number) | undefined): Promise<number> {
    /** By message: who has not answered. */
    const underway = new Map<string, Set<ChildProcess>>();
    /** Messages of which somebody who was killed cannot tell what became. */
    const lost = new Set<string>();
    const living = new Set(this.#children);
    const sendNext = (): void => {
      if (living.size === 0) return;
      const message = outbox.take();
      if (message !== undefined) underway.set(message, new Set(living));
      else if (underway.size > 0) return;
      // One may be gone by now.
      for (const child of living) child.send(message ?? theEnd, () => undefined);
    };
    const drop = (child: ChildProcess, message: string): void => {
      const left = underway.get(message);
      left?.delete(child);
      if (left?.size !== 0) return;
      underway.delete(message);
      if (lost.delete(message)) outbox.giveBack([message]);
      sendNext();
    };
    const work = async (child: ChildProcess): Promise<number> => {
      let killing: NodeJS.Timeout | undefined;
      // The protocol of sender.ts.
      child.on('message', (answer) => {
        const [message, status] = answer as [string, string];
        outbox.tell(message, status);
        if (killAfterMs !== undefined) killing ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs());
        drop(child, message);
      });
      const [code, signal] = await once(child, 'close');
      clearTimeout(killing);
      if (signal !== 'SIGKILL' && code !== 0) throw new Error(`a sender ended with ${code ?? signal}`);
      living.delete(child);
      for (const [message, left] of underway) {
        if (!left.has(child)) continue;
        lost.add(message);
        drop(child, message);
      }
      return signal === 'SIGKILL' ? 1 : 0;
    };
    const working = this.#children.map(work);
    for (let count = 0; count < window; count++) sendNext();
    const killed = await Promise.all(working);
    return killed.reduce((sum, each) => sum + each, 0);
  }
}

async function startProvider(name: string, seed: number, honoursKeys: boolean) {
  const child = fork(join(import.meta.dirname, 'fake-provider.ts'), [String(seed), honoursKeys ? 'honours-keys' : ''], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  // The first that it says.
  const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }];
  const url = `http://127.0.0.1:${port}/`;
  return {
    name,
    url,
    heal: async (): Promise<void> => {
      const healed = once(child, 'message');
      child.send('be healthy');
      await healed;
      await untilItAnswers(url);
    },
    /** How often each message was accepted. */
    listAccepted: async (): Promise<ReadonlyMap<string, number>> => {
      const response = await fetch(url);
      // What fake-provider.ts answers.
      return new Map((await response.json()) as [string, number][]);
    },
    stop: (): void => void child.kill('SIGKILL'),
  };
}

/** It may be in the middle of an outage. */
async function untilItAnswers(url: string): Promise<void> {
  for (;;) {
    const isThere = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isThere) return;
  }
}

interface Evidence {
  readonly policy: (typeof policies)[number];
  readonly outbox: Outbox;
  readonly accepted: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly journal: readonly JournalMessage[];
}

function inspect({ policy, outbox, accepted, journal }: Evidence): {
  readonly duplicates: number;
  readonly violations: readonly string[];
} {
  const known = new Map(journal.map((message) => [message.idempotencyKey, message]));
  const violations: string[] = [];
  let duplicates = 0;
  for (const [message, told] of outbox.told) {
    const times = [...accepted.values()].reduce((sum, each) => sum + (each.get(message) ?? 0), 0);
    if (times > 1) duplicates++;
    const entry = known.get(message);
    if (entry === undefined) {
      violations.push(`${message} is not in the journal; it was accepted ${times} times`);
      continue;
    }
    if (!told.has(entry.status))
      violations.push(`${message} is ${entry.status} in the journal, and was told as ${[...told].join(', ')}`);
    if (entry.status === 'open') violations.push(`${message} did not end`);
    if (entry.status === 'failed' && times > 0) violations.push(`${message} failed, and was accepted ${times} times`);
    if (entry.status === 'sent' && (accepted.get(entry.provider ?? '')?.get(message) ?? 0) === 0)
      violations.push(`${message} was sent, and ${entry.provider} does not have it`);
    const isAllowed = policy === 'allow-duplicate' && entry.attempts.some(({ outcome }) => outcome === 'unknown');
    if (times > 1 && !isAllowed) violations.push(`${message} was accepted ${times} times`);
  }
  for (const message of known.keys()) if (!outbox.told.has(message)) violations.push(`${message} was never given`);
  return { duplicates, violations };
}
