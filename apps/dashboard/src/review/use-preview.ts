import type { ChangeInput, PreviewView } from '@sluice/api-client';
import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { after } from '../platform.ts';

/** What a change would do: in words, and to the sampled contexts. Undefined: there is nothing to ask yet. */
export function usePreview(input: ChangeInput | undefined): UseQueryResult<PreviewView> {
  const place = usePlace();
  const asked = useSettled(input);
  return useQuery({
    queryKey: [place.project, place.environment, 'preview', asked],
    queryFn: () => api.preview(place, asked ?? { instructions: [] }),
    placeholderData: keepPreviousData,
    enabled: input !== undefined && asked !== undefined,
    retry: false,
    gcTime: 0,
  });
}

type Asked = Pick<ChangeInput, 'flag' | 'segment' | 'instructions'>;

/** The change once it stays the same for a moment: while one types, nothing is asked. */
function useSettled(input: ChangeInput | undefined): Asked | undefined {
  const { flag, segment, instructions } = input ?? {};
  const text = instructions && JSON.stringify({ flag, segment, instructions });
  const [settled, setSettled] = useState<Asked>();
  useEffect(() => {
    if (text === undefined) return setSettled(undefined);
    return after(250, () => setSettled(JSON.parse(text)));
  }, [text]);
  return settled;
}
