import type { ChangeView, SegmentView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Converging } from '../convergence/converging.tsx';
import { isSame, withEntry } from '../flag/draft.ts';
import { HistoryTab } from '../flag/history-tab.tsx';
import { idsOf, nameRules } from '../flag/name-rules.ts';
import { usePlace } from '../place.ts';
import { ReviewBar } from '../review/review-bar.tsx';
import { useRefusal } from '../session/refusal.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Chip } from '../ui/chip.tsx';
import { SearchField } from '../ui/field.tsx';
import { KindIcon } from '../ui/kind-icon.tsx';
import { LoadedPage } from '../ui/loaded-page.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { AddMembersDialog } from './add-members-dialog.tsx';
import { DeleteSegmentDialog } from './delete-segment-dialog.tsx';
import { describeMembers } from './describe-segment.ts';
import { EditNameDialog } from './edit-name-dialog.tsx';
import { MemberList } from './member-list.tsx';
import { SegmentConflict } from './segment-conflict.tsx';
import {
  draftOf,
  findSegmentFault,
  type MemberList as ListName,
  listSegmentInstructions,
  type Members,
  rebaseSegment,
  type SegmentDraft,
  withKeys,
  withoutKey,
} from './segment-draft.ts';
import { SegmentRuleLine } from './segment-rule-line.tsx';
import { SegmentUses } from './segment-uses.tsx';

export function SegmentPage(): ReactNode {
  const place = usePlace();
  const { key = '' } = useParams({ strict: false });
  const query = useQuery({
    queryKey: [place.project, place.environment, 'segment', key],
    queryFn: () => api.getSegment(place, key),
  });
  return (
    <LoadedPage query={query} what="segment" name={key}>
      {(segment) => <LoadedSegment key={`${place.environment} ${key}`} segment={segment} />}
    </LoadedPage>
  );
}

const tabs = [
  { id: 'members', name: 'Members and rules' },
  { id: 'history', name: 'History' },
] as const;

function LoadedSegment({ segment }: { readonly segment: SegmentView }): ReactNode {
  const place = usePlace();
  const { name: environment } = useEnvironment();
  const { tab = 'members' } = useSearch({ strict: false });
  // What the edits began with: somebody else's change must not slip below them.
  const [began, setBegan] = useState(segment);
  const [draft, setDraft] = useState<SegmentDraft>();
  const [applied, setApplied] = useState<ChangeView>();
  const [isDeleting, setDeleting] = useState(false);
  const [isNaming, setNaming] = useState(false);
  const forbidden = useRefusal('editor');
  const uses = useQuery({
    queryKey: [place.project, place.environment, 'segments', 'uses', segment.key],
    queryFn: () => api.listSegmentUses(place, segment.key, { limit: 100 }),
  });
  const was = draftOf(draft === undefined ? segment : began);
  const current = draft ?? was;
  const instructions = listSegmentInstructions(was, current);
  const isEditing = draft !== undefined && instructions.length > 0;
  const isBehind = isEditing && segment.version > began.version;
  const edit = (next: SegmentDraft) => {
    if (draft === undefined) setBegan(segment);
    setApplied(undefined);
    setDraft(isSame(next, was) ? undefined : next);
  };
  const users = uses.data?.items ?? [];
  const members = describeMembers({
    included: countKeys(current.included),
    excluded: countKeys(current.excluded),
    rules: current.rules.length,
  });
  return (
    <>
      <Page
        name={`${segment.key}, ${environment}`}
        title={<Name>{segment.key}</Name>}
        beside={
          <span className="flex flex-wrap items-center gap-2">
            <Chip>
              <KindIcon kind="segment" /> <span className="ml-1">segment</span>
            </Chip>
            {current.description || (current.name === segment.key ? '' : current.name)}
          </span>
        }
        below={<span className="figures">{members}</span>}
        actions={
          <>
            <Button onClick={() => setNaming(true)}>Describe…</Button>
            <Button
              refusal={
                forbidden ??
                (uses.data === undefined
                  ? 'who uses it is not known'
                  : users.length > 0
                    ? `${users[0]?.key}${users.length > 1 ? ' and others' : ''} would have no such segment`
                    : undefined)
              }
              onClick={() => setDeleting(true)}
            >
              Delete…
            </Button>
          </>
        }
      >
        <Tabs tabs={tabs} current={tab} />
        {isBehind && (
          <div className="-mx-6 max-tablet:-mx-4">
            <SegmentConflict
              segment={segment}
              began={began}
              draft={{ ...began, ...draft }}
              keepMine={() => {
                setBegan(segment);
                setDraft(rebaseSegment(was, draftOf(segment), current));
              }}
              takeTheirs={() => setDraft(undefined)}
            />
          </div>
        )}
        {tab === 'history' ? (
          <HistoryTab segment={segment.key} />
        ) : (
          <div className="grid gap-x-12 desktop:grid-cols-[minmax(0,1fr)_20rem]">
            <WhoIsIn was={was} draft={current} change={edit} />
            <SegmentUses query={uses} />
          </div>
        )}
      </Page>
      {isEditing && (
        <ReviewBar
          input={{ segment: segment.key, instructions, expectedVersion: began.version }}
          fault={
            isBehind ? 'Somebody else changed the segment: keep yours or take theirs first' : findSegmentFault(current)
          }
          say={(text) => nameRules(text, idsOf(current.rules), idsOf(was.rules))}
          discard={() => setDraft(undefined)}
          applied={(change) => {
            setDraft(undefined);
            setApplied(change);
          }}
        />
      )}
      {!isEditing && applied !== undefined && <Converging change={applied} close={() => setApplied(undefined)} />}
      {isNaming && (
        <EditNameDialog
          draft={current}
          change={(changed) => edit({ ...current, ...changed })}
          close={() => setNaming(false)}
        />
      )}
      {isDeleting && <DeleteSegmentDialog segment={segment.key} members={members} close={() => setDeleting(false)} />}
    </>
  );
}

function countKeys(members: readonly Members[]): number {
  return members.reduce((sum, { keys }) => sum + keys.length, 0);
}

interface WhoIsInProps {
  readonly was: SegmentDraft;
  readonly draft: SegmentDraft;
  readonly change: (draft: SegmentDraft) => void;
}

const lists = [
  { list: 'included', title: 'Included', hint: 'whatever the rules say' },
  { list: 'excluded', title: 'Excluded', hint: 'unless also included' },
] as const;

/** In the order in which it is asked: included, excluded, then the rules. */
function WhoIsIn({ was, draft, change }: WhoIsInProps): ReactNode {
  const [search, setSearch] = useState('');
  const [adding, setAdding] = useState<ListName>();
  const { rules } = draft;
  const addRule = () =>
    change({
      ...draft,
      rules: [
        ...rules,
        {
          id: createRuleId(rules.map(({ id }) => id)),
          clauses: [{ contextKind: 'user', attribute: 'key', op: 'in', values: [] }],
        },
      ],
    });
  return (
    <div className="min-w-0">
      <SearchField
        label="Find a member"
        className="mt-3 w-80 max-tablet:w-full"
        value={search}
        onChange={({ target }) => setSearch(target.value)}
      />
      {lists.map(({ list, title, hint }) => (
        <MemberList
          key={list}
          title={title}
          hint={hint}
          was={was[list]}
          members={draft[list]}
          search={search}
          add={() => setAdding(list)}
          remove={(kind, key) => change({ ...draft, [list]: withoutKey(draft[list], kind, key) })}
          keep={(kind, key) => change({ ...draft, [list]: restoreKey(was[list], draft[list], kind, key) })}
        />
      ))}
      <section aria-labelledby="rules">
        <div className="flex flex-wrap items-center gap-x-3 py-3">
          <h2 id="rules">Rules</h2>
          <span className="text-ink-2">
            {rules.length === 0
              ? 'none: only keys decide'
              : 'of everyone else, whoever one of them is true of is in it'}
          </span>
          <Button look="ghost" size="row" className="ml-auto" onClick={addRule}>
            <Plus aria-hidden size={14} /> Rule
          </Button>
        </div>
        <ul className="-mx-6 border-line border-t max-tablet:-mx-4 desktop:mr-0">
          {rules.map((rule, index) => (
            <SegmentRuleLine
              key={rule.id}
              rule={rule}
              was={was.rules.find(({ id }) => id === rule.id)}
              index={index}
              change={(next) => change({ ...draft, rules: withEntry(rules, index, next) })}
            />
          ))}
        </ul>
      </section>
      {adding !== undefined && (
        <AddMembersDialog
          draft={draft}
          first={adding}
          add={(list, kind, keys) => change({ ...draft, [list]: withKeys(draft[list], kind, keys) })}
          close={() => setAdding(undefined)}
        />
      )}
    </div>
  );
}

/** Back at its place, so that nothing is edited where all is as it was. */
function restoreKey(was: readonly Members[], members: readonly Members[], kind: string, key: string) {
  const old = was.find(({ contextKind }) => contextKind === kind)?.keys ?? [];
  return members.map((each) => {
    if (each.contextKind !== kind) return each;
    const wanted = new Set([...each.keys, key]);
    const known = new Set(old);
    return { ...each, keys: [...old.filter((one) => wanted.has(one)), ...each.keys.filter((one) => !known.has(one))] };
  });
}

/** One that no rule of the segment has. */
function createRuleId(ids: readonly string[]): string {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => (byte % 36).toString(36)).join('');
  return ids.includes(random) ? createRuleId(ids) : random;
}
