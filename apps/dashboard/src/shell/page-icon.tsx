import {
  Activity,
  ArrowRightLeft,
  CircleDot,
  Flag,
  Grid2x2,
  History,
  KeyRound,
  SlidersHorizontal,
  UserRound,
  Users,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { ValveIcon } from '../ui/kind-icon.tsx';
import type { PagePath } from './pages.ts';

const icons: Readonly<Record<PagePath, ReactNode>> = {
  now: <Activity aria-hidden size={15} />,
  valves: <ValveIcon size={15} />,
  migrations: <ArrowRightLeft aria-hidden size={15} />,
  configs: <SlidersHorizontal aria-hidden size={15} />,
  flags: <Flag aria-hidden size={15} />,
  segments: <CircleDot aria-hidden size={15} />,
  contexts: <UserRound aria-hidden size={15} />,
  fleet: <Grid2x2 aria-hidden size={15} />,
  changes: <History aria-hidden size={15} />,
  environments: <KeyRound aria-hidden size={15} />,
  people: <Users aria-hidden size={15} />,
};

export function PageIcon({ path }: { readonly path: PagePath }): ReactNode {
  return icons[path];
}
