import type { ChangeView, EnvironmentFlagView } from '@sluice/api-client';
import type { InstructionInput } from '@sluice/authoring';
import { type ReactNode, useState } from 'react';
import { keepsBoth } from '../review/conflict.tsx';
import { rebaseFields } from '../review/rebase.ts';
import { ReviewBar } from '../review/review-bar.tsx';
import {
  type DefinitionDraft,
  draftOf,
  findDraftFault,
  listDefinitionInstructions,
  withDefinition,
} from './definition-draft.ts';
import { isSame } from './draft.ts';
import { FlagConflict } from './flag-conflict.tsx';
import { SettingsTab } from './settings-tab.tsx';

/** The settings of a flag, for a page where nothing else of it is edited. */
export interface Settings {
  readonly tab: ReactNode;
  /** That somebody else changed it; whatever the tab. */
  readonly conflict: ReactNode;
  /** Below the page; undefined: there is nothing to review. */
  readonly review: ReactNode | undefined;
}

/** Undefined: the flag has not been told yet. */
export function useSettings(flag: EnvironmentFlagView | undefined, applied: (change: ChangeView) => void): Settings {
  // The edits, and the flag as they began with it: somebody else's change must not slip below them.
  const [edited, setEdited] = useState<{ readonly began: EnvironmentFlagView; readonly draft: DefinitionDraft }>();
  // Archiving is reviewed by itself, while there are no edits.
  const [act, setAct] = useState<InstructionInput>();
  const [isConfirmed, setConfirmed] = useState(false);
  if (flag === undefined) return { tab: undefined, conflict: undefined, review: undefined };
  const { began, draft } = edited ?? { began: flag, draft: draftOf(flag) };
  const edits = listDefinitionInstructions(began, draft);
  const isEditing = edits.length > 0;
  const isBehind = isEditing && flag.version > began.version;
  const settle = () => {
    setEdited(undefined);
    setAct(undefined);
    setConfirmed(false);
  };
  const reviewed = {
    discard: settle,
    applied: (change: ChangeView) => {
      settle();
      applied(change);
    },
  };
  const change = (next: DefinitionDraft) => {
    setAct(undefined);
    const base = isEditing ? began : flag;
    setEdited(isSame(next, draftOf(base)) ? undefined : { began: base, draft: next });
  };
  const keepMine = () => setEdited({ began: flag, draft: rebaseFields(draftOf(began), draftOf(flag), draft) });
  const review = isEditing ? (
    <ReviewBar
      input={{ flag: flag.key, instructions: edits, expectedVersion: began.version }}
      fault={
        isBehind ? `Somebody else changed the ${flag.kind}: keep yours or take theirs first` : findDraftFault(draft)
      }
      {...reviewed}
    />
  ) : (
    act && (
      <ReviewBar
        key={act.kind}
        input={{
          flag: flag.key,
          instructions: [act.kind === 'archive' && isConfirmed ? { ...act, confirm: flag.key } : act],
          expectedVersion: flag.version,
        }}
        insist={{ isOn: isConfirmed, set: setConfirmed, key: flag.key }}
        {...reviewed}
      />
    )
  );
  return {
    tab: (
      <SettingsTab
        flag={flag}
        draft={draft}
        change={change}
        review={setAct}
        refusal={isEditing ? 'apply or discard your edits first' : undefined}
      />
    ),
    conflict: isBehind && (
      <div className="-mx-6 max-tablet:-mx-4">
        <FlagConflict
          flag={flag}
          began={began}
          draft={{ ...began, ...withDefinition(began, draft) }}
          note={keepsBoth}
          keepMine={keepMine}
          takeTheirs={settle}
        />
      </div>
    ),
    review,
  };
}
