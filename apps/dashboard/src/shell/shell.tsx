import { Outlet } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Live, useHasBegun } from '../live/live.tsx';
import { Palette } from '../palette/palette.tsx';
import { usePlace } from '../place.ts';
import { ContactBanner } from './contact-banner.tsx';
import { useEnvironments } from './environment.ts';
import { NoEnvironment } from './no-environment.tsx';
import { PhoneBar } from './phone-bar.tsx';
import { Shortcuts } from './shortcuts.tsx';
import { SideBar } from './side-bar.tsx';
import { TopBar } from './top-bar.tsx';

/** What is on every page of an environment. */
export function Shell(): ReactNode {
  const place = usePlace();
  const environments = useEnvironments().data;
  if (environments?.some(({ key }) => key === place.environment) === false) return <NoEnvironment place={place} />;
  return (
    <Live key={`${place.project}/${place.environment}`} place={place}>
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-1 focus:left-1 focus:z-50 focus:bg-raised focus:px-3 focus:py-2"
      >
        Skip to the content
      </a>
      <div className="flex h-dvh flex-col">
        <TopBar />
        <ContactBanner />
        <div className="flex min-h-0 flex-1">
          <SideBar />
          <main id="main" tabIndex={-1} className="relative flex min-w-0 flex-1 flex-col overflow-y-auto outline-none">
            <Content />
          </main>
        </div>
        <PhoneBar />
      </div>
      <Shortcuts />
      <Palette />
    </Live>
  );
}

function Content(): ReactNode {
  return useHasBegun() && <Outlet />;
}
