/** Whether the palette is open, and with what in it; many parts open it. */
let state: { readonly isOpen: boolean; readonly text: string } = { isOpen: false, text: '' };
const listeners = new Set<() => void>();

export function openPalette(text = ''): void {
  set({ isOpen: true, text });
}

export function closePalette(): void {
  set({ isOpen: false, text: '' });
}

export function readPalette(): typeof state {
  return state;
}

export function watchPalette(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function set(next: typeof state): void {
  state = next;
  for (const listener of listeners) listener();
}
