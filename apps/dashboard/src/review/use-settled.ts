import { useEffect, useState } from 'react';
import { after } from '../platform.ts';

/** The value once it stays the same for a moment: while one types, nothing is asked. */
export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => after(250, () => setSettled(JSON.parse(text))), [text]);
  return settled;
}
