import type { FlagView } from '@sluice/api-client';
import type { DefinitionInput } from '@sluice/authoring';
import { type ChangeCall, changeOptions, finish, readWaiting } from './change.ts';
import { connect, connectionOptions } from './connection.ts';
import { waitOptions } from './convergence.ts';

/** Options of whatever creates a flag, of any kind. */
export const creationOptions = {
  ...connectionOptions,
  name: { type: 'string', value: 'TEXT', help: 'what people call it' },
  description: { type: 'string', value: 'TEXT', help: 'what it is for' },
  owner: { type: 'string', value: 'TEXT', help: 'who to ask' },
  tag: { type: 'string', multiple: true, value: 'TEXT', help: 'a tag; may be repeated' },
  comment: changeOptions.comment,
  wait: changeOptions.wait,
  ...waitOptions,
} as const;

interface CreationCall extends ChangeCall {
  readonly options: ChangeCall['options'] & {
    readonly name?: string | undefined;
    readonly description?: string | undefined;
    readonly owner?: string | undefined;
    readonly tag?: readonly string[] | undefined;
  };
}

/** Resolves with the exit code. `describe`: what to say of it, and what to do next. */
export async function createFlag(
  key: string,
  { options, platform, output }: CreationCall,
  definition: Pick<DefinitionInput, 'kind' | 'variations' | 'value' | 'config'>,
  describe: (flag: FlagView) => readonly string[],
): Promise<number | undefined> {
  const { api, place } = connect(options, platform);
  const waiting = readWaiting(options);
  const { name, description, owner, tag: tags, comment } = options;
  const flag = await api.createFlag(place.project, {
    key,
    ...definition,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(owner !== undefined && { owner }),
    ...(tags !== undefined && { tags: [...tags] }),
    comment,
  });
  if (options.json !== true) output.print(describe(flag));
  return finish({ api, place }, { key, change: undefined, body: flag, waiting }, options, output);
}
