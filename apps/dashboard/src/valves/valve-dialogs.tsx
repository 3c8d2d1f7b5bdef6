import type { ChangeView, ValveRowView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { RestoreDialog } from './restore-dialog.tsx';
import { TripDialog } from './trip-dialog.tsx';

/** What is about to be done to a valve. */
export type ValveAct =
  | { readonly kind: 'trip'; readonly valve: ValveRowView; readonly account?: string }
  | { readonly kind: 'change' | 'restore'; readonly valve: ValveRowView; readonly trip: ValveRowView['trips'][number] };

export type OpenValveDialog = (act: ValveAct) => void;

interface ValveDialogsProps {
  readonly act: ValveAct | undefined;
  readonly close: () => void;
  readonly applied: (change: ChangeView) => void;
}

/** The dialog of what is about to be done. */
export function ValveDialogs({ act, close, applied }: ValveDialogsProps): ReactNode {
  switch (act?.kind) {
    case undefined:
      return null;
    case 'restore':
      return <RestoreDialog valve={act.valve.key} trip={act.trip.rule} close={close} applied={applied} />;
    case 'trip':
      return <TripDialog valve={act.valve} account={act.account} close={close} applied={applied} />;
    case 'change':
      return <TripDialog valve={act.valve} trip={act.trip} close={close} applied={applied} />;
  }
}
