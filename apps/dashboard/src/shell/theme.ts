import { keep, readKept } from '../platform.ts';

export type Theme = 'system' | 'light' | 'dark';

export function readTheme(): Theme {
  return readKept<Theme>('theme', 'system');
}

/** Puts the theme on the page; `system` follows the machine. */
export function showTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function chooseTheme(theme: Theme): void {
  keep('theme', theme);
  showTheme(theme);
}
