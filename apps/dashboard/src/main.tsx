import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api.ts';
import { router } from './router.tsx';
import { readTheme, showTheme } from './shell/theme.ts';
import './styles.css';

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

showTheme(readTheme());
// Radix makes styles while it runs; the policy of the page lets only those in that bear the nonce.
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce;
if (nonce !== undefined) setNonce(nonce);

const element = document.getElementById('root');
if (element !== null) {
  createRoot(element).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
