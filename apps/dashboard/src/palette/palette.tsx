import { useRouterState } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useEffect, useState, useSyncExternalStore } from 'react';
import { useEnvironment } from '../shell/environment.ts';
import { notePlace } from './last-places.ts';
import type { Act } from './list-acts.ts';
import { closePalette, readPalette, watchPalette } from './palette-state.ts';

// Neither is part of the first page.
const PaletteDialog = lazy(async () => ({ default: (await import('./palette-dialog.tsx')).PaletteDialog }));
const ActDialog = lazy(async () => ({ default: (await import('./act-dialog.tsx')).ActDialog }));

/** Finds anything and begins the common actions; what it begins asks before it acts. */
export function Palette(): ReactNode {
  const { isOpen, text } = useSyncExternalStore(watchPalette, readPalette);
  const [act, setAct] = useState<Act>();
  const environment = useEnvironment();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(() => notePlace(path), [path]);
  // What was begun in one environment is not done in another.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is about the environment.
  useEffect(() => setAct(undefined), [environment.key]);
  return (
    <Suspense>
      {isOpen && (
        <PaletteDialog
          key={text}
          first={text}
          begin={(next) => {
            closePalette();
            setAct(next);
          }}
        />
      )}
      {act !== undefined && <ActDialog act={act} close={() => setAct(undefined)} />}
    </Suspense>
  );
}
