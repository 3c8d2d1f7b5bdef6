import type { JournalContent, JournalMessage } from '@sluice/sdk-node';
import { type Command, defineCommand } from './command.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { toPlain } from './output.ts';
import type { CommandPlatform } from './platform.ts';
import { formatTable, formatTime } from './table.ts';

/** Options of commands that read what programs wrote down about their messages, and ask no server. */
const journalOptions = {
  journal: { type: 'string', value: 'FOLDER', help: 'the folder that the program keeps its journal of sends in' },
  set: { type: 'string', value: 'KEY', help: 'only of this set of providers' },
  json: { type: 'boolean', help: 'print JSON' },
} as const;

/** Loaded when it is needed: no other command, nor the server, has a use for it. */
const loadSdk = () => import('@sluice/sdk-node');

export const providersCommands: readonly Command[] = [
  defineCommand({
    name: 'providers pending',
    summary: 'list messages that a provider may have accepted, and nobody knows',
    arguments: [],
    options: journalOptions,
    examples: [
      'sluice providers pending --journal ~/.cache/sluice/sends',
      'sluice providers pending --journal /var/lib/shop/sends --set email --json',
    ],
    run: async ({ options, platform, output }) => {
      const { messages } = await read(options.journal, platform);
      const pending = listPending(messages, options.set);
      if (options.json === true) {
        output.printJson(pending);
        return undefined;
      }
      const underway = messages.filter(({ status, set }) => status === 'open' && isOf(set, options.set)).length;
      if (pending.length === 0) output.print('No message is in doubt.');
      else {
        output.print(
          formatTable(
            ['SET', 'KEY', 'BEGAN', 'ATTEMPTS'],
            pending.map((message) => [
              message.set,
              message.idempotencyKey,
              formatTime(message.beganAt),
              describeAttempts(message),
            ]),
            output.width,
          ),
        );
        output.print('Ask the provider, and then: sluice providers settle KEY sent|failed --journal FOLDER');
      }
      if (underway > 0) output.print(`${underway} more ${underway === 1 ? 'is' : 'are'} being sent.`);
      return undefined;
    },
  }),

  defineCommand({
    name: 'providers settle',
    summary: 'say what became of a message in doubt; one that failed may be sent again',
    arguments: ['KEY', 'OUTCOME'],
    options: journalOptions,
    examples: ['sluice providers settle order-4711 sent --journal /var/lib/shop/sends'],
    run: async ({ words: [key = '', outcome], options, platform, output }) => {
      if (outcome !== 'sent' && outcome !== 'failed')
        throw usageError(`OUTCOME must be sent or failed, got "${outcome}"`, 'See: sluice providers settle --help');
      const { messages } = await read(options.journal, platform);
      const { set } = findOne(listPending(messages, options.set), key);
      const { settleMessage, SluiceError } = await loadSdk();
      try {
        await settleMessage(options.journal ?? '', { set, key, outcome });
      } catch (error) {
        if (error instanceof SluiceError) throw new CommandError(exitCodes.refused, error.message);
        throw error;
      }
      if (options.json === true) output.printJson({ set, key, outcome });
      else output.print(`Settled ${key} of ${set} as ${outcome}.`);
      return undefined;
    },
  }),
];

async function read(folder: string | undefined, { printError }: CommandPlatform): Promise<JournalContent> {
  if (folder === undefined || folder === '')
    throw usageError('--journal is missing', 'See: sluice providers pending --help');
  const { readJournal } = await loadSdk();
  const content = await readJournal(folder);
  if (content.files.length === 0) {
    throw new CommandError(
      exitCodes.refused,
      `there is no journal in ${folder}`,
      'It is the folder that the program gives its providers as "journal".',
    );
  }
  for (const each of content.damage) printError(toPlain(`sluice: ${each}; its message may be listed as in doubt`));
  return content;
}

function listPending(messages: readonly JournalMessage[], set: string | undefined): readonly JournalMessage[] {
  return messages
    .filter((message) => message.status === 'unknown' && isOf(message.set, set))
    .toSorted((a, b) => a.beganAt - b.beganAt);
}

function isOf(set: string, wanted: string | undefined): boolean {
  return wanted === undefined || set === wanted;
}

function findOne(pending: readonly JournalMessage[], key: string): JournalMessage {
  const [found, ...others] = pending.filter(({ idempotencyKey }) => idempotencyKey === key);
  if (found === undefined) throw new CommandError(exitCodes.refused, `no message with the key "${key}" is in doubt`);
  if (others.length > 0) {
    const sets = [found, ...others].map(({ set }) => set);
    throw usageError(
      `there are messages with the key "${key}" in several sets`,
      `Give one with --set: ${sets.join(', ')}`,
    );
  }
  return found;
}

function describeAttempts({ attempts }: JournalMessage): string {
  if (attempts.length === 0) return 'none: it never left';
  return attempts
    .map(({ provider, outcome, error }) => `${provider} ${outcome}${error === undefined ? '' : ` (${error})`}`)
    .join(', ');
}
