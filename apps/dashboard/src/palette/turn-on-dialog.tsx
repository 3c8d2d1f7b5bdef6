import type { InstructionInput } from '@sluice/authoring';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Effects } from '../changes/effects.tsx';
import { ShareSentence } from '../changes/share-sentence.tsx';
import { usePlace } from '../place.ts';
import { useRefusal } from '../session/refusal.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { WhyField } from '../ui/why-field.tsx';

const instructions: readonly InstructionInput[] = [{ kind: 'turn-on' }];

/** Whom turning a flag on gives another answer; then turns it on. */
export function TurnOnDialog({ flag, close }: { readonly flag: string; readonly close: () => void }): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const [comment, setComment] = useState('');
  const preview = useQuery({
    queryKey: [place.project, place.environment, 'flag', flag, 'turn-on'],
    queryFn: () => api.preview(place, { flag, instructions }),
    retry: false,
    staleTime: 0,
  });
  const turnOn = useApply(close);
  const refusal = useRefusal(instructions);
  return (
    <Dialog
      title={
        <>
          Turn on <Name>{flag}</Name>
        </>
      }
      environment={environment}
      close={close}
      note={refusal}
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            refusal={refusal}
            busy={turnOn.isPending && 'Turning on'}
            onClick={() => turnOn.mutate({ flag, instructions, comment })}
          >
            Turn on in {environment.name}
          </Button>
        </>
      }
    >
      <DialogRow label="It does">
        <Loaded query={preview} what="What it would do" rows={2}>
          {(planned) => (
            <>
              <Effects change={planned} />
              <p className="mt-1 text-ink-2">
                <ShareSentence share={planned} sampled={planned.sampled} />
              </p>
            </>
          )}
        </Loaded>
      </DialogRow>
      <DialogRow label="Why">
        <WhyField autoFocus value={comment} change={setComment} />
        <RefusedNote error={turnOn.error} />
      </DialogRow>
    </Dialog>
  );
}
