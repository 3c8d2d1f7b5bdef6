import type { FlagRowView } from '@sluice/api-client';
import type { InstructionInput } from '@sluice/authoring';
import { withTag } from '../flag/definition-draft.ts';

/** What is done with all selected flags at once. */
export type BulkAct =
  | { readonly kind: 'turn-off' }
  | { readonly kind: 'archive' }
  | { readonly kind: 'tag'; readonly tag: string };

export type SelectedFlag = Pick<FlagRowView, 'key' | 'kind' | 'tags' | 'state' | 'archived'>;

/** One instruction for each flag that the act changes. */
export function listBulkInstructions(flags: readonly SelectedFlag[], act: BulkAct): readonly InstructionInput[] {
  switch (act.kind) {
    case 'turn-off':
      return flags
        .filter(({ kind, state }) => kind === 'release' && state.word === 'on')
        .map(({ key }) => ({ kind: 'turn-off', flag: key }));
    case 'archive':
      return flags.filter(({ archived }) => !archived).map(({ key }) => ({ kind: 'archive', flag: key }));
    case 'tag':
      return flags
        .filter(({ tags }) => !tags.includes(act.tag))
        .map(({ key, tags }) => ({
          kind: 'update-definition',
          flag: key,
          definition: { tags: withTag(tags, act.tag) },
        }));
    default:
      return act satisfies never;
  }
}

/** Why an act does nothing to some of them, in a sentence. */
export function describeSpared(flags: readonly SelectedFlag[], act: BulkAct): string | undefined {
  const spared = flags.length - listBulkInstructions(flags, act).length;
  if (spared === 0) return undefined;
  const who = `${spared} of ${flags.length} selected`;
  switch (act.kind) {
    case 'turn-off':
      return `${who} stay: they are off, or are valves, configs or migrations, which have no switch`;
    case 'archive':
      return `${who} are archived already`;
    case 'tag':
      return `${who} have the tag already`;
    default:
      return act satisfies never;
  }
}
