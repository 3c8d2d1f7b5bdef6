import { type ReactNode, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { formatCount } from '../ui/duration.ts';
import { Field, fieldStyle } from '../ui/field.tsx';
import { keysOf, type MemberList, parseKeys, type SegmentDraft } from './segment-draft.ts';

interface AddMembersDialogProps {
  readonly draft: SegmentDraft;
  readonly first: MemberList;
  readonly add: (list: MemberList, contextKind: string, keys: readonly string[]) => void;
  readonly close: () => void;
}

const lists = [
  { value: 'included', label: 'Included' },
  { value: 'excluded', label: 'Excluded' },
] as const;

/** Many keys at once, as one pastes them; an edit like any other, read before it is applied. */
export function AddMembersDialog({ draft, first, add, close }: AddMembersDialogProps): ReactNode {
  const [list, setList] = useState<MemberList>(first);
  const [contextKind, setContextKind] = useState('user');
  const [text, setText] = useState('');
  const kind = contextKind.trim() || 'user';
  const keys = parseKeys(text);
  const known = new Set(keysOf(draft[list], kind));
  const others = keys.filter((key) => !known.has(key));
  const tooLong = keys.find((key) => key.length > 1024);
  const fault =
    tooLong !== undefined
      ? `a key has at most 1,024 characters, got ${formatCount(tooLong.length)} (${tooLong.slice(0, 20)}…)`
      : others.length === 0
        ? keys.length === 0
          ? 'there is no key yet'
          : 'all of them are there already'
        : undefined;
  return (
    <Dialog
      title="Add members"
      close={close}
      note="Nothing is applied yet: it joins the other edits."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="accent"
            refusal={fault}
            onClick={() => {
              add(list, kind, others);
              close();
            }}
          >
            Add {formatCount(others.length)} {others.length === 1 ? 'key' : 'keys'}
          </Button>
        </>
      }
    >
      <DialogRow label="They are">
        <Choice label="They are" value={list} options={lists} choose={setList} />
        <p className="mt-1 text-ink-2">
          {list === 'included'
            ? 'In the segment, whatever the rules say.'
            : 'Not in the segment, unless also included.'}
        </p>
      </DialogRow>
      <DialogRow label="Kind">
        <Field
          label="Kind of context"
          isLabelHidden
          list="member-kinds"
          className="max-w-60"
          value={contextKind}
          onChange={({ target }) => setContextKind(target.value)}
        />
        <datalist id="member-kinds">
          {['user', 'account', 'instance', 'request'].map((value) => (
            <option key={value} value={value} />
          ))}
        </datalist>
      </DialogRow>
      <DialogRow label="Keys">
        <label className="block">
          <span className="sr-only">Keys</span>
          <textarea
            autoFocus
            rows={9}
            placeholder="By line or comma"
            className={`${fieldStyle} h-auto! py-1 font-mono`}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        </label>
        <p className="figures mt-1 text-ink-2" aria-live="polite">
          {formatCount(keys.length)} {keys.length === 1 ? 'key' : 'keys'}
          {keys.length > others.length && `, ${formatCount(keys.length - others.length)} of them there already`}
          {fault !== undefined && tooLong !== undefined && <span className="text-red-text"> {fault}</span>}
        </p>
      </DialogRow>
    </Dialog>
  );
}
