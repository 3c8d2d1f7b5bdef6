import { json, jsonParseLinter } from '@codemirror/lang-json';
import { syntaxTree } from '@codemirror/language';
import { type Diagnostic, linter } from '@codemirror/lint';
import type { JsonSchema, JsonValue } from '@sluice/authoring';
import { basicSetup, EditorView } from 'codemirror';
import { type ReactNode, useEffect, useEffectEvent, useRef } from 'react';
import { readJson } from '../read-json.ts';
import { findValueFaults, spellPath, type ValueFault } from './find-value-faults.ts';

interface JsonEditorProps {
  readonly label: string;
  readonly value: JsonValue;
  readonly schema: JsonSchema;
  /** Undefined: what is in it is not JSON now, or says something twice. */
  readonly change: (value: JsonValue | undefined) => void;
}

/** The whole value as text, with what is wrong at its place. In a chunk of its own: few ask for it. */
export function JsonEditor({ label, value, schema, change }: JsonEditorProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const tell = useEffectEvent((text: string) => change(readJson(text).value));
  const begin = useEffectEvent(() => JSON.stringify(value, undefined, 2));
  const judge = useEffectEvent((view: EditorView) => listDiagnostics(view, schema));
  useEffect(() => {
    if (place.current === null) return;
    // The policy of the page lets only those styles in that bear the nonce.
    const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? '';
    const view = new EditorView({
      doc: begin(),
      parent: place.current,
      extensions: [
        EditorView.cspNonce.of(nonce),
        basicSetup,
        json(),
        linter((at) => judge(at)),
        EditorView.contentAttributes.of({ 'aria-label': label }),
        EditorView.lineWrapping,
        theme,
        EditorView.updateListener.of((update) => update.docChanged && tell(update.state.doc.toString())),
      ],
    });
    return () => view.destroy();
  }, [label]);
  return <div ref={place} className="max-w-150 overflow-hidden rounded-control border border-control bg-raised" />;
}

const theme = EditorView.theme({
  '&': { color: 'var(--color-ink)', backgroundColor: 'var(--color-raised)', fontSize: '0.8125rem' },
  '&.cm-focused': { outline: '2px solid var(--color-accent)' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', maxHeight: '24rem' },
  '.cm-content': { caretColor: 'var(--color-ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--color-ink)' },
  '.cm-gutters': {
    backgroundColor: 'var(--color-sunk)',
    color: 'var(--color-ink-3)',
    borderRightColor: 'var(--color-line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--color-accent-wash) !important',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--color-page)',
    color: 'var(--color-ink)',
    borderColor: 'var(--color-line-strong)',
  },
  '.cm-content span': { color: 'inherit' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--color-hover)' },
  '.cm-lintRange-error': { backgroundImage: 'none', borderBottom: '2px solid var(--color-red)' },
});

function listDiagnostics(view: EditorView, schema: JsonSchema): readonly Diagnostic[] {
  const text = view.state.doc.toString();
  const read = readJson(text);
  if (read.fault !== undefined) {
    // Of what is none the editor knows the place.
    return read.isJson
      ? [{ from: 0, to: text.length, severity: 'error', message: read.fault }]
      : jsonParseLinter()(view);
  }
  return findValueFaults(schema, read.value).map(({ path, message }) => ({
    ...findRange(view, path),
    severity: 'error' as const,
    message: path.length === 0 ? message : `${spellPath(path)}: ${message}`,
  }));
}

/** Where a part of the value stands in the text. */
function findRange({ state }: EditorView, path: ValueFault['path']): { readonly from: number; readonly to: number } {
  let node = syntaxTree(state).topNode.firstChild;
  for (const part of path) {
    let child = node?.firstChild ?? null;
    let index = 0;
    for (; child !== null; child = child.nextSibling) {
      if (child.name === 'Property') {
        const name = child.getChild('PropertyName');
        if (name !== null && JSON.parse(state.sliceDoc(name.from, name.to)) === part) break;
      } else if (/^[A-Z]/.test(child.name) && index++ === part) break;
    }
    node = child?.name === 'Property' ? child.lastChild : child;
  }
  return { from: node?.from ?? 0, to: node?.to ?? state.doc.length };
}
