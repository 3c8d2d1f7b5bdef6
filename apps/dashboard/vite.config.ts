import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss()],
  // The server puts the nonce of each answer in its place.
  html: { cspNonce: '%NONCE%' },
  // Nothing is inlined: the policy of the page names no `data:`.
  build: { target: 'es2022', assetsInlineLimit: 0, reportCompressedSize: false, modulePreload: { polyfill: false } },
  logLevel: 'warn',
});
