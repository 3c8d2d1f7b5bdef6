import { createContext, useContext } from 'react';

/** Whether the sentences of this part of the page can be edited, or only read. */
export const CanEdit = createContext(true);

export function useCanEdit(): boolean {
  return useContext(CanEdit);
}
