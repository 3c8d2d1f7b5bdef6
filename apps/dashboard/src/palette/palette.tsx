import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { type ReactNode, useState, useSyncExternalStore } from 'react';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { PageIcon } from '../shell/page-icon.tsx';
import { pages } from '../shell/pages.ts';
import { Chip } from '../ui/chip.tsx';
import { closePalette, readPalette, watchPalette } from './palette-state.ts';

/** Finds anything and begins the common actions; nothing is done by Enter alone. */
export function Palette(): ReactNode {
  const { isOpen, text } = useSyncExternalStore(watchPalette, readPalette);
  return isOpen && <OpenPalette key={text} first={text} />;
}

function OpenPalette({ first }: { readonly first: string }): ReactNode {
  const place = usePlace();
  const navigate = useNavigate();
  const environment = useEnvironment();
  const [text, setText] = useState(first);
  return (
    <Command.Dialog
      open
      label="Find or do anything"
      onOpenChange={(isOpen) => !isOpen && closePalette()}
      overlayClassName="fixed inset-0 z-40 bg-black/30"
      contentClassName="fixed top-[12vh] left-1/2 z-50 w-[min(648px,94vw)] -translate-x-1/2 rounded-dialog bg-page shadow-float"
    >
      <div className="flex items-center gap-3 border-line border-b px-4">
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="Find or do anything"
          className="h-13 min-w-0 flex-1 bg-transparent text-panel outline-none"
        />
        <Chip tone={environment.isProduction ? 'production' : 'neutral'}>{environment.name}</Chip>
      </div>
      <Command.List className="max-h-[60vh] overflow-y-auto p-2">
        <Command.Empty className="px-3 py-6 text-ink-2">Nothing is called “{text}” here.</Command.Empty>
        <Command.Group heading="Go to">
          {pages.map(({ path, name }) => (
            <Command.Item
              key={path}
              value={name}
              onSelect={() => {
                closePalette();
                void navigate({ to: `/$project/$environment/${path}`, params: place });
              }}
              className="flex h-9 cursor-pointer items-center gap-3 rounded-control px-3 data-[selected=true]:bg-hover max-tablet:h-11"
            >
              <PageIcon path={path} />
              {name}
            </Command.Item>
          ))}
        </Command.Group>
      </Command.List>
    </Command.Dialog>
  );
}
