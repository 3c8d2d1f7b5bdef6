import type { ChangeInput, ChangeView } from '@sluice/api-client';
import { type UseMutationResult, useMutation } from '@tanstack/react-query';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';

/** Sends one change to the environment of this page; what it made old is asked for again, as after all that is written. */
export function useApply(done: (change: ChangeView) => void): UseMutationResult<ChangeView, Error, ChangeInput> {
  const place = usePlace();
  return useMutation({ mutationFn: (input: ChangeInput) => api.change(place, input), onSuccess: done });
}
