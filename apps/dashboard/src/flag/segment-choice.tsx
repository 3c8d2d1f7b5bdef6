import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { fieldStyle } from '../ui/field.tsx';
import { Loaded } from '../ui/loaded.tsx';

/** Finds a segment of the environment. */
export function SegmentChoice({ choose }: { readonly choose: (key: string) => void }): ReactNode {
  const place = usePlace();
  const [text, setText] = useState('');
  const query = useQuery({
    queryKey: [place.project, place.environment, 'segments', 'choice'],
    queryFn: async () => (await api.listSegments(place)).items,
  });
  return (
    <>
      <input
        autoFocus
        type="search"
        aria-label="Find a segment"
        placeholder="Find a segment"
        className={fieldStyle}
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      <Loaded query={query} what="The segments" rows={2}>
        {(segments) => {
          const found = segments.filter(({ key, name }) => `${key} ${name}`.toLowerCase().includes(text.toLowerCase()));
          return (
            <ul className="mt-2 max-h-60 overflow-y-auto">
              {found.slice(0, 50).map(({ key, name }) => (
                <li key={key}>
                  <button
                    type="button"
                    className="w-full rounded-control px-2 py-1 text-left hover:bg-hover"
                    onClick={() => choose(key)}
                  >
                    <span className="font-mono">{key}</span>{' '}
                    {name !== key && <span className="text-ink-2">{name}</span>}
                  </button>
                </li>
              ))}
              {found.length === 0 && <li className="px-2 py-1 text-ink-2">There is no such segment here.</li>}
            </ul>
          );
        }}
      </Loaded>
    </>
  );
}
