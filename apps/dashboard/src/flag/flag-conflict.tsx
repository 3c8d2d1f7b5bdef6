import type { EnvironmentFlagView } from '@sluice/api-client';
import type { FlagConfiguration, FlagDefinition, FlagState } from '@sluice/authoring';
import type { ReactNode } from 'react';
import { Conflict } from '../review/conflict.tsx';
import { configurationOf } from './draft.ts';

interface FlagConflictProps {
  /** As somebody else left it. */
  readonly flag: EnvironmentFlagView;
  /** As the edits began with it, and as they have it. */
  readonly began: EnvironmentFlagView;
  readonly draft: EnvironmentFlagView;
  /** What keeping one's own does, where it does not set all to it. */
  readonly note?: string;
  readonly keepMine: () => void;
  readonly takeTheirs: () => void;
}

const whole = 'Keeping yours sets the flag to what you see below; the review says what that undoes.';

/** Somebody else changed the flag while it was edited. */
export function FlagConflict(props: FlagConflictProps): ReactNode {
  const { flag, began, draft, note = whole, keepMine, takeTheirs } = props;
  return (
    <Conflict
      id={{ kind: 'flag', key: flag.key }}
      version={flag.version}
      began={stateOf(began)}
      theirs={stateOf(flag)}
      mine={stateOf(draft)}
      note={note}
      keepMine={keepMine}
      takeTheirs={takeTheirs}
    />
  );
}

/** What the view lacks of a state is the same on both sides. */
function stateOf(flag: EnvironmentFlagView): FlagState {
  return {
    definition: flag as FlagDefinition,
    configuration: { ...configurationOf(flag), salt: '' } as FlagConfiguration,
  };
}
