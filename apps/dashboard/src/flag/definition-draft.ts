import type { FlagView } from '@sluice/api-client';
import type { InstructionInput } from '@sluice/authoring';
import { readJson } from '../read-json.ts';

/** What a flag is, as a form has it: texts. */
export interface DefinitionDraft {
  readonly name: string;
  readonly description: string;
  readonly owner: string;
  /** By comma. */
  readonly tags: string;
  readonly variations: readonly {
    readonly id: string;
    /** JSON. */
    readonly value: string;
    readonly name: string;
    readonly isNew: boolean;
  }[];
}

export function draftOf({ name, description, owner, tags, variations }: FlagView): DefinitionDraft {
  return {
    name,
    description,
    owner,
    tags: tags.join(', '),
    variations: variations.map((each) => ({
      id: each.id,
      value: JSON.stringify(each.value),
      name: each.name ?? '',
      isNew: false,
    })),
  };
}

/** Why a form cannot be sent yet. */
export function findDraftFault({ variations }: DefinitionDraft): string | undefined {
  const unnamed = variations.findIndex(({ id }) => id.trim() === '');
  if (unnamed !== -1) return `Variation ${unnamed + 1} has no id yet`;
  for (const { id, value } of variations) {
    const read = readJson(value);
    if (read.fault === undefined) continue;
    return read.isJson ? `The value of ${id}: ${read.fault}` : `The value of ${id} is not JSON: texts stand in quotes`;
  }
  return undefined;
}

/** One instruction with all that differs, or none. */
export function listDefinitionInstructions(flag: FlagView, draft: DefinitionDraft): readonly InstructionInput[] {
  const definition = listDifferences(flag, draft);
  return Object.keys(definition).length === 0 ? [] : [{ kind: 'update-definition', definition }];
}

/** The flag as the form has it. */
export function withDefinition(flag: FlagView, draft: DefinitionDraft): FlagView {
  return { ...flag, ...listDifferences(flag, draft) };
}

function listDifferences(flag: FlagView, draft: DefinitionDraft) {
  const before = draftOf(flag);
  const tags = splitTags(draft.tags);
  const isOther = JSON.stringify(before.variations) !== JSON.stringify(draft.variations);
  return {
    ...(draft.name !== before.name && { name: draft.name }),
    ...(draft.description !== before.description && { description: draft.description }),
    ...(draft.owner !== before.owner && { owner: draft.owner }),
    ...(tags.join() !== [...flag.tags].sort().join() && { tags }),
    ...(isOther && { variations: draft.variations.map((each) => toVariation(flag, each)) }),
  };
}

/** The tags of a flag with one more. */
export function withTag(tags: readonly string[], tag: string): string[] {
  return [...new Set([...tags, tag])].sort();
}

function splitTags(text: string): string[] {
  const tags = text.split(',').map((tag) => tag.trim());
  return [...new Set(tags.filter((tag) => tag !== ''))].sort();
}

function toVariation({ variations }: FlagView, { id, value, name }: DefinitionDraft['variations'][number]) {
  const description = variations.find((each) => each.id === id)?.description;
  return {
    id: id.trim(),
    value: readJson(value).value ?? null,
    ...(name !== '' && { name }),
    ...(description !== undefined && { description }),
  };
}
