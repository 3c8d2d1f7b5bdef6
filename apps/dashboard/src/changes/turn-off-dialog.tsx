import type { InstructionInput } from '@sluice/authoring';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { useRefusal } from '../session/refusal.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { WhyField } from '../ui/why-field.tsx';
import { ShareSentence } from './share-sentence.tsx';

const instructions: readonly InstructionInput[] = [{ kind: 'turn-off' }];

/** What everybody gets when a flag is turned off, and who loses what; then turns it off. It waits for none of it. */
export function TurnOffDialog({ flag, close }: { readonly flag: string; readonly close: () => void }): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const [comment, setComment] = useState('');
  const found = useQuery({
    queryKey: [place.project, place.environment, 'flag', flag],
    queryFn: () => api.getFlag(place, flag),
  });
  const preview = useQuery({
    queryKey: [place.project, place.environment, 'flag', flag, 'turn-off'],
    queryFn: () => api.preview(place, { flag, instructions }),
    retry: false,
    staleTime: 0,
  });
  const turnOff = useApply(close);
  const refusal = useRefusal(instructions);
  const others = preview.data?.flags.filter((other) => other.flag !== flag && other.changed > 0) ?? [];
  const off = found.data?.variations.find(({ id }) => id === found.data.offVariation);
  return (
    <Dialog
      title={
        <>
          Turn off <Name>{flag}</Name>
        </>
      }
      environment={environment}
      close={close}
      actions={
        <div className="flex w-full flex-row-reverse gap-3 max-tablet:flex-col">
          <Button
            look="write"
            isProduction={environment.isProduction}
            refusal={refusal}
            busy={turnOff.isPending && 'Turning off'}
            onClick={() => turnOff.mutate({ flag, instructions, comment })}
          >
            Turn off in {environment.name}
          </Button>
          <Button look="ghost" autoFocus onClick={close}>
            Cancel
          </Button>
        </div>
      }
    >
      <div className="flex flex-col gap-3 px-6 py-4 max-tablet:px-4">
        <p>
          Everyone gets{' '}
          {off === undefined ? 'what the flag serves while it is off' : <Name>{JSON.stringify(off.value)}</Name>}.{' '}
          {preview.data !== undefined && <ShareSentence share={preview.data} sampled={preview.data.sampled} />}
          {preview.isPending && <span className="text-ink-2">Looking for whom that is another answer.</span>}
          {preview.error !== null && (
            <span className="text-ink-2">For how many that is another answer is not known.</span>
          )}
        </p>
        {others.length > 0 && (
          <p>
            {others.map((other, index) => (
              <span key={other.flag}>
                {index > 0 && ', '}
                <Name isBold={false}>{other.flag}</Name>
              </span>
            ))}{' '}
            {others.length === 1 ? 'needs it and changes' : 'need it and change'} too.
          </p>
        )}
        <WhyField placeholder="Why? Shown in history and on Now" value={comment} change={setComment} />
        {refusal !== undefined && <p className="text-ink-2">{refusal}.</p>}
        <RefusedNote error={turnOff.error} />
      </div>
    </Dialog>
  );
}
