/** A program: one subject in a process of its own, which answers what it is told to do; `subject-process.ts` tells it. */
import { countBytes, createRun, type Effort, type Run, time, warmUp } from './measure.ts';
import { type Answer, type Scenario, type ScenarioName, scenarios } from './scenarios.ts';
import type { Subject, SubjectName } from './subject.ts';

export type Command =
  /** Every answer of one pass. */
  | { readonly kind: 'answer'; readonly scenario: ScenarioName }
  | { readonly kind: 'warm-up'; readonly scenario: ScenarioName; readonly effort: Effort }
  /** Nanoseconds per evaluation. */
  | { readonly kind: 'time'; readonly scenario: ScenarioName; readonly effort: Effort }
  /** Bytes allocated per evaluation. */
  | { readonly kind: 'count-bytes'; readonly scenario: ScenarioName; readonly effort: Effort };

export type Reply =
  | { readonly kind: 'ready'; readonly lacks: readonly ScenarioName[] }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  | { readonly kind: 'measured'; readonly value: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };

const [name, url = ''] = process.argv.slice(2);

// Whoever starts this program passes one of the names.
await startSubject(name as SubjectName);

async function startSubject(subjectName: SubjectName): Promise<void> {
  switch (subjectName) {
    case 'sluice':
      return serve(await (await import('./sluice.ts')).start(url));
    case 'launchdarkly':
      return serve(await (await import('./launchdarkly.ts')).start(url, {}));
    case 'launchdarkly-50k':
      return serve(await (await import('./launchdarkly.ts')).start(url, { contextKeysCapacity: 50_000 }));
    case 'unleash':
      return serve(await (await import('./unleash.ts')).start(url));
    case 'growthbook':
      return serve(await (await import('./growthbook.ts')).start());
    case 'flagd':
      return serve(await (await import('./flagd.ts')).start());
    default:
      return subjectName satisfies never;
  }
}

/** A scenario for this subject, and how long a pass takes. */
interface Prepared {
  readonly scenario: Scenario;
  readonly run: Run;
  readonly answers: () => Promise<readonly Answer[]>;
  passMs: number;
}

function serve<Context>(subject: Subject<Context>): void {
  const prepared = new Map(
    scenarios.map((scenario): [ScenarioName, Prepared] => {
      const contexts = scenario.people.map(subject.toContext);
      const { name: key, defaultValue } = scenario;
      return [
        scenario.name,
        {
          scenario,
          run: createRun(subject, scenario, contexts),
          answers: async () => {
            const answers: Answer[] = [];
            for (const context of contexts) answers.push(await subject.ask(key, context, defaultValue));
            return answers;
          },
          passMs: Number.NaN,
        },
      ];
    }),
  );

  async function act(command: Command): Promise<Reply> {
    const entry = prepared.get(command.scenario);
    if (entry === undefined) throw new Error(`there is no scenario ${command.scenario}`);
    const { run, scenario } = entry;
    const perPass = scenario.people.length;
    switch (command.kind) {
      case 'answer': {
        const answers = await entry.answers();
        // What was collected for the first time is sent now and not while others are measured.
        await subject.flush();
        return { kind: 'answers', answers };
      }
      case 'warm-up':
        entry.passMs = await warmUp(run, command.effort);
        return { kind: 'done' };
      case 'time':
        return { kind: 'measured', value: await time(run, perPass, entry.passMs, command.effort) };
      case 'count-bytes':
        return { kind: 'measured', value: await countBytes(run, perPass, entry.passMs, command.effort) };
      default:
        return command satisfies never;
    }
  }

  process.on('message', (command: Command) => {
    act(command).then(reply, (error: unknown) => reply({ kind: 'failed', message: String(error) }));
  });
  process.on('disconnect', () => {
    void subject.close().finally(() => process.exit());
  });
  reply({ kind: 'ready', lacks: subject.lacks });
}

function reply(message: Reply): void {
  process.send?.(message);
}
