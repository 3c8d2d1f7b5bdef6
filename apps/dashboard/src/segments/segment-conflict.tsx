import type { SegmentView } from '@sluice/api-client';
import type { SegmentState } from '@sluice/authoring';
import type { ReactNode } from 'react';
import { Conflict, keepsBoth } from '../review/conflict.tsx';

interface SegmentConflictProps {
  /** As somebody else left it. */
  readonly segment: SegmentView;
  /** As the edits began with it, and as they have it. */
  readonly began: SegmentView;
  readonly draft: SegmentView;
  readonly keepMine: () => void;
  readonly takeTheirs: () => void;
}

/** Somebody else changed the segment while it was edited. */
export function SegmentConflict({ segment, began, draft, keepMine, takeTheirs }: SegmentConflictProps): ReactNode {
  return (
    <Conflict
      id={{ kind: 'segment', key: segment.key }}
      version={segment.version}
      began={stateOf(began)}
      theirs={stateOf(segment)}
      mine={stateOf(draft)}
      note={keepsBoth}
      keepMine={keepMine}
      takeTheirs={takeTheirs}
    />
  );
}

/** What the view lacks of a state is the same on both sides. */
function stateOf(segment: SegmentView): SegmentState {
  return { ...segment, salt: '' } as SegmentState;
}
