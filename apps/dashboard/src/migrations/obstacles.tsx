import { Check, Circle } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { formatCount } from '../ui/duration.ts';
import { Name } from '../ui/name.tsx';
import { idOf, listTurned, type Obstacle } from './obstacles.ts';

interface ObstaclesProps {
  readonly obstacles: readonly Obstacle[];
  /** What is not waited for, by its id; undefined: nobody said that anything should not be. */
  readonly overruled: ReadonlySet<string> | undefined;
  readonly overrule: (ids: ReadonlySet<string> | undefined) => void;
}

const shown = 50;

/** What a change waits for; what is open can be overruled one by one, by name, with a reason. */
export function Obstacles({ obstacles, overruled, overrule }: ObstaclesProps): ReactNode {
  const [first] = useState(obstacles);
  const turned = listTurned(first, obstacles);
  const isOpen = obstacles.some(({ isMet }) => !isMet);
  return (
    <div>
      <p role="status" className="text-amber-text empty:hidden">
        {describeTurned(turned)}
      </p>
      <ul>
        {obstacles.slice(0, shown).map((obstacle) => (
          <li key={idOf(obstacle)} className="grid grid-cols-[1.25rem_minmax(0,1fr)] gap-x-2 py-1">
            <span className="pt-0.5">
              {obstacle.isMet ? (
                <Check aria-label="met" size={15} />
              ) : overruled === undefined ? (
                <Circle aria-label="open" size={15} strokeWidth={3} className="text-amber" />
              ) : (
                <input
                  type="checkbox"
                  aria-label={`Do not wait for ${obstacle.name}`}
                  className="size-4 accent-accent"
                  checked={overruled.has(idOf(obstacle))}
                  onChange={() => overrule(toggle(overruled, idOf(obstacle)))}
                />
              )}
            </span>
            <span className="min-w-0">
              <Name isBold={!obstacle.isMet}>{obstacle.name}</Name>{' '}
              <span className="text-ink-2">{obstacle.text.split('`').join('')}</span>
            </span>
          </li>
        ))}
      </ul>
      {obstacles.length > shown && (
        <p className="text-ink-2">{formatCount(obstacles.length - shown)} more instances are waited for.</p>
      )}
      {isOpen && overruled === undefined && (
        <Button look="ghost" size="row" className="-ml-2.5 mt-1 text-ink-2" onClick={() => overrule(new Set())}>
          Do not wait for…
        </Button>
      )}
      {isOpen && overruled !== undefined && (
        <Button look="ghost" size="row" className="mt-1 -ml-2.5 text-ink-2" onClick={() => overrule(undefined)}>
          Wait for all
        </Button>
      )}
    </div>
  );
}

function toggle(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return next;
}

function describeTurned({ opened, met }: ReturnType<typeof listTurned>): string {
  return [
    ...(opened.length > 0 ? [`Not met any more since you opened this: ${opened.join(', ')}.`] : []),
    ...(met.length > 0 ? [`Met meanwhile: ${met.join(', ')}.`] : []),
  ].join(' ');
}
