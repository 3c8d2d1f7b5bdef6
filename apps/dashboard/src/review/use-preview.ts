import type { ChangeInput, PreviewView } from '@sluice/api-client';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { after } from '../platform.ts';

export interface Preview {
  /** That of the edits before, until that of these is there. */
  readonly data: PreviewView | undefined;
  readonly error: Error | null;
  /** Whether it is the answer to what is asked now, and not to what was asked before. */
  readonly isCurrent: boolean;
  readonly askAgain: () => void;
}

/** What a change would do: in words, and to the sampled contexts. Undefined: there is nothing to ask yet. */
export function usePreview(input: ChangeInput | undefined): Preview {
  const place = usePlace();
  const { flag, segment, instructions } = input ?? {};
  const text = instructions && JSON.stringify({ flag, segment, instructions });
  const asked = useSettledText(text);
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery({
    queryKey: [place.project, place.environment, 'preview', asked],
    queryFn: () => api.preview(place, JSON.parse(asked ?? '')),
    placeholderData: keepPreviousData,
    enabled: text !== undefined && asked !== undefined,
    retry: false,
    gcTime: 0,
  });
  return {
    data,
    error,
    isCurrent: asked === text && !isPending && !isPlaceholderData,
    askAgain: () => void refetch(),
  };
}

/** The text once it stays the same for a moment: while one types, nothing is asked. */
function useSettledText(text: string | undefined): string | undefined {
  const [settled, setSettled] = useState<string>();
  useEffect(() => {
    if (text === undefined) return setSettled(undefined);
    return after(250, () => setSettled(text));
  }, [text]);
  return settled;
}
