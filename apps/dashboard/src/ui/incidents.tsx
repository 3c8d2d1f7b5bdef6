import type { ReactNode } from 'react';

/** Of a comment: names of incidents such as `INC-4127` are set apart, addresses are links. */
export function linkIncidents(text: string): ReactNode {
  const parts = text.split(/(https?:\/\/[^\s<>"]+)/);
  return (
    <bdi>
      {parts.map((part, index) =>
        index % 2 === 0 ? (
          part
        ) : (
          <a key={part} href={part} className="link underline" target="_blank" rel="noreferrer">
            {part.replace(/^https?:\/\//, '')}
          </a>
        ),
      )}
    </bdi>
  );
}
