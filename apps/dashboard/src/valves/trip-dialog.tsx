import type { ChangeView, ValveRowView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Effects } from '../changes/effects.tsx';
import { usePlace } from '../place.ts';
import { keep, readKept, now as readNow } from '../platform.ts';
import { useSettled } from '../review/use-settled.ts';
import { useRefusal } from '../session/refusal.ts';
import { useEnvironment, useNowView } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { useNow } from '../ui/clock.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { formatAgo, formatClock, formatShare, formatSpeed } from '../ui/duration.ts';
import { Field, fieldStyle } from '../ui/field.tsx';
import { KeyHint } from '../ui/key-hint.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { Affects } from './affects.tsx';
import { Lacks } from './lacks.tsx';
import { sayScope } from './say-scope.ts';
import { createPart, findScopeFault, readParts, toClauses } from './scope.ts';
import { type ScopeDraft, ScopeEditor, toDraft } from './scope-editor.tsx';
import { toInstructions } from './to-instructions.ts';
import { type EndChoice, findEnd, findEndFault, toLocalField } from './trip-end.ts';
import { useReach } from './use-reach.ts';

interface TripDialogProps {
  readonly valve: ValveRowView;
  /** Is changed; absent: a new one. */
  readonly trip?: ValveRowView['trips'][number];
  /** It is degraded for this account alone. */
  readonly account?: string | undefined;
  readonly close: () => void;
  readonly applied: (change: ChangeView) => void;
}

/** Mode, for whom, what that concerns, why and until when; then it is tripped. */
export function TripDialog({ valve, trip, account, close, applied }: TripDialogProps): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const nowView = useNowView().data;
  const time = useNow();
  const degraded = valve.modes.slice(1);
  const [mode, setMode] = useState(() => trip?.mode ?? degraded[0]?.mode ?? '');
  const known = trip === undefined ? [] : readParts(trip.when);
  const [parts, setParts] = useState<readonly ScopeDraft[]>(() =>
    (account !== undefined ? [createPart('account', [account])] : (known ?? [])).map(toDraft),
  );
  const [reason, setReason] = useState(trip?.why ?? '');
  const [incident, setIncident] = useState(
    () => trip?.incident ?? (trip === undefined ? readKept('incident', '') : ''),
  );
  const canKeep = trip !== undefined && trip.until > readNow() + 60_000;
  const [choice, setChoice] = useState<EndChoice>(canKeep ? 'keep' : '4h');
  const [picked, setPicked] = useState(() => toLocalField(readNow() + 8 * 3_600_000));
  const telemetry = useQuery({
    queryKey: [place.project, place.environment, 'flag', valve.key, 'telemetry', '5m'],
    queryFn: () => api.getTelemetry(place, valve.key, '5m'),
    staleTime: 0,
  });
  // A scope that these fields cannot say stays as it is.
  const isFixed = known === undefined;
  const scopeFault = isFixed ? undefined : findScopeFault(parts);
  const end = findEnd({ choice, picked, kept: trip?.until }, time);
  const endFault = findEndFault(end, time);
  const fault = scopeFault ?? (reason.trim() === '' ? 'say why first' : endFault);
  const wanted = {
    mode,
    when: isFixed ? (trip?.when ?? []) : toClauses(parts),
    reason: reason.trim() === '' ? '…' : reason.trim(),
    incident: incident.trim(),
  };
  const reach = useReach(valve.key, wanted.when).data;
  // The end is not read from the clock, or each second there would be another trip to try.
  const lengthMs = choice === 'keep' || choice === 'pick' ? (end ?? 0) - readNow() : (end ?? 0) - time;
  const asked = useSettled({ ...wanted, choice, picked });
  const preview = useQuery({
    queryKey: [place.project, place.environment, 'flag', valve.key, 'trip', asked, trip?.rule],
    queryFn: () =>
      api.change(place, {
        flag: valve.key,
        instructions: toInstructions(valve.modes, { ...asked, expiresInMs: Math.max(60_000, lengthMs) }, trip),
        dryRun: true,
      }),
    enabled: scopeFault === undefined && endFault === undefined,
    placeholderData: (before) => before,
    retry: false,
    staleTime: 0,
  });
  const apply = useApply((change) => {
    keep('incident', incident.trim());
    applied(change);
  });
  const isAllowed = useRefusal('operator');
  const refusal = isAllowed ?? fault;
  const verb = trip === undefined ? 'Trip' : 'Change';
  const send = () => {
    if (refusal !== undefined || apply.isPending) return;
    const expiresInMs = (end ?? 0) - (choice === 'keep' || choice === 'pick' ? readNow() : time);
    apply.mutate({ flag: valve.key, instructions: toInstructions(valve.modes, { ...wanted, expiresInMs }, trip) });
  };
  return (
    <Dialog
      title={
        <>
          {verb} <Name>{valve.key}</Name>
        </>
      }
      environment={environment}
      close={close}
      apply={send}
      note={describeSpeed(nowView?.propagation?.p99Ms)}
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            busy={apply.isPending && (trip === undefined ? 'Tripping' : 'Changing')}
            refusal={refusal}
            onClick={send}
          >
            {verb} in {environment.name} <KeyHint>Ctrl Enter</KeyHint>
          </Button>
        </>
      }
    >
      <DialogRow label="Mode">
        <div role="radiogroup" aria-label="Mode" className="grid gap-2 tablet:grid-cols-2">
          {(trip?.exempt === true ? valve.modes : degraded).map((each) => (
            <label
              key={each.mode}
              className="relative block cursor-pointer rounded-control border border-line-strong bg-raised px-3 py-2 hover:bg-hover has-checked:border-amber has-checked:bg-amber-wash has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:outline-offset-2"
            >
              <input
                type="radio"
                name="mode"
                className="sr-only"
                checked={mode === each.mode}
                onChange={() => setMode(each.mode)}
              />
              <Name>{each.mode}</Name>
              <span className="block text-ink-2">
                {each.description !== undefined && `${each.description.replace(/\.$/, '')}. `}
                {describeServed(each, valve, time)}
              </span>
            </label>
          ))}
        </div>
        <div aria-live="polite" className="mt-2 empty:hidden">
          <Lacks reach={reach} mode={mode} normal={valve.modes[0]?.mode} />
        </div>
      </DialogRow>
      <DialogRow label="For">
        {isFixed && trip !== undefined ? (
          <p className="pt-1">{sayScope(trip)}</p>
        ) : (
          <ScopeEditor parts={parts} change={setParts} calls={telemetry.data?.valve} fault={scopeFault} />
        )}
      </DialogRow>
      <DialogRow label="Affects">
        <Loaded query={telemetry} what="What it would affect" rows={2}>
          {(data) => (
            <Affects
              parts={isFixed || trip?.share !== undefined ? undefined : parts}
              telemetry={data}
              reach={reach}
              connected={nowView?.counts.instances}
            />
          )}
        </Loaded>
      </DialogRow>
      <DialogRow label="Why">
        <div className="grid grid-cols-[minmax(0,1fr)_8rem] gap-2">
          <Field
            label="Why"
            isLabelHidden
            placeholder="Shown on Now and in history"
            maxLength={1024}
            value={reason}
            onChange={({ target }) => setReason(target.value)}
          />
          <Field
            label="Incident"
            isLabelHidden
            placeholder="Incident"
            maxLength={1024}
            value={incident}
            onChange={({ target }) => setIncident(target.value)}
          />
        </div>
      </DialogRow>
      <DialogRow label="Until">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <Choice<EndChoice>
            label="Until"
            value={choice}
            options={[
              ...(canKeep ? [{ value: 'keep' as const, label: 'As it is' }] : []),
              { value: '30m', label: '30 min' },
              { value: '4h', label: '4 h' },
              { value: '24h', label: '24 h' },
              { value: 'pick', label: 'Pick…' },
            ]}
            choose={setChoice}
          />
          {choice === 'pick' && (
            <input
              type="datetime-local"
              aria-label="Ends at"
              className={`${fieldStyle} w-auto!`}
              value={picked}
              onChange={({ target }) => setPicked(target.value)}
            />
          )}
          {endFault === undefined && end !== undefined ? (
            <span>
              <b className="figures">{formatClock(end, time)}</b>{' '}
              <span className="text-ink-2">You are reminded; it stays until restored.</span>
            </span>
          ) : (
            <span role="alert" className="text-red-text">
              {endFault}.
            </span>
          )}
        </div>
      </DialogRow>
      <DialogRow label="In words">
        <div aria-live="polite" className="pt-1">
          {preview.data !== undefined && preview.error === null && scopeFault === undefined && (
            <Effects change={preview.data} />
          )}
          {scopeFault === undefined && preview.error !== null && <RefusedNote error={preview.error} />}
          {scopeFault !== undefined && <span className="text-ink-3">Say for whom first.</span>}
        </div>
        <RefusedNote error={apply.error} />
      </DialogRow>
    </Dialog>
  );
}

function describeServed(
  { mode, lastServedAt }: ValveRowView['modes'][number],
  { lately }: ValveRowView,
  time: number,
): string {
  // A mode also answers without being served: for one that failed, or that a build lacks.
  const answering = lately.modes.find((each) => each.mode === mode);
  if (answering !== undefined) return `Answers ${formatShare(answering.share)} of calls now.`;
  return lastServedAt === undefined ? 'Never served in 90 days.' : `Served ${formatAgo(time - lastServedAt)}.`;
}

function describeSpeed(p99Ms: number | undefined): string {
  return p99Ms === undefined
    ? 'Nothing waits in front of it.'
    : `Reaches the fleet in about ${formatSpeed(p99Ms)}. Nothing waits in front of it.`;
}
