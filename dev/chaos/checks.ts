import type { CallSeen, EffectSeen, Evidence, StepSeen, TaskSeen } from './evidence.ts';
import type { Expectation } from './scenario.ts';

/**
 * Judges of a run with troubles; pure. Each gives the sentences of what is wrong, and is shown in checks.test.ts to find what
 * it is there for.
 */
export type Check = (evidence: Evidence, expected: (task: TaskSeen) => Expectation) => string[];

export const CHECKS: Readonly<Record<string, Check>> = {
  'every Task ends as its script says': endsAsScripted,
  'every step has its effect exactly as often as its record says': effectsAsRecorded,
  'no two attempts of a step are ever alive together': neverTwoAlive,
  'everybody who has worked stands in a record': nobodyUnknown,
  'every event is in the log once': logsAreWhole,
};

export function endsAsScripted({ tasks }: Evidence, expected: (task: TaskSeen) => Expectation): string[] {
  return tasks.flatMap((task) => {
    const want = expected(task);
    const why = task.message === undefined ? '' : ` (${task.message})`;
    const wrong =
      task.status === want.status ? [] : [`${task.name} is ${task.status}, not ${want.status}${why}`];
    if (want.message !== undefined && task.message?.includes(want.message) !== true)
      wrong.push(`${task.name} says ${task.message ?? 'nothing'}, not ${want.message}`);
    if (want.value !== undefined && task.value !== want.value)
      wrong.push(`${task.name} has the result ${task.value ?? 'none'}, not ${want.value}`);
    const [got, should] = [counted(task.steps), countedStatuses(want.steps)];
    return got === should ? wrong : [...wrong, `${task.name} has the steps ${got}, not ${should}`];
  });
}

function counted(steps: readonly StepSeen[]): string {
  return sortedCounts(steps.map(({ title, status }) => `${title} ${status}`));
}

function countedStatuses(steps: Expectation['steps']): string {
  return sortedCounts(
    Object.entries(steps).flatMap(([title, statuses]) => statuses.map((status) => `${title} ${status}`)),
  );
}

function sortedCounts(words: readonly string[]): string {
  return words.toSorted().join(', ');
}

/** Each attempt does it once at most, and the one that was completed has done it. */
export function effectsAsRecorded(
  { tasks, effects }: Evidence,
  expected: (task: TaskSeen) => Expectation,
): string[] {
  const done = Map.groupBy(effects, ({ task, sandbox }) => `${task} ${sandbox}`);
  const count = (task: TaskSeen, sandbox: string): number => done.get(`${task.name} ${sandbox}`)?.length ?? 0;
  return tasks.flatMap((task) => {
    const silent = expected(task).withoutEffect ?? [];
    return task.steps.flatMap((step) => {
      const wrong = step.sandboxes
        .filter((sandbox) => count(task, sandbox) > 1)
        .map(
          (sandbox) => `${task.name}, ${step.title}: ${sandbox} has done it ${count(task, sandbox)} times`,
        );
      const last = step.sandboxes.at(-1);
      if (step.status !== 'COMPLETED' || last === undefined || silent.includes(step.title)) return wrong;
      return count(task, last) === 0
        ? [...wrong, `${task.name}, ${step.title}: COMPLETED by ${last}, which has done nothing`]
        : wrong;
    });
  });
}

interface Life {
  sandbox: string;
  from: number;
  to: number;
}

/** From the first sign of each attempt to its last one. */
export function neverTwoAlive({ tasks, calls, effects }: Evidence): string[] {
  const lives = livesOf(calls, effects);
  return tasks.flatMap((task) =>
    task.steps.flatMap((step) => {
      const own = step.sandboxes
        .flatMap((sandbox) => lives.get(sandbox) ?? [])
        .toSorted((a, b) => a.from - b.from);
      return own.flatMap((life, index) => {
        const before = own[index - 1];
        if (before === undefined || before.to <= life.from) return [];
        const ms = Math.round(before.to - life.from);
        return [
          `${task.name}, ${step.title}: ${before.sandbox} and ${life.sandbox} were alive together for ${ms} ms`,
        ];
      });
    }),
  );
}

function livesOf(calls: readonly CallSeen[], effects: readonly EffectSeen[]): Map<string, Life> {
  const signs: Life[] = [...calls, ...effects.map(({ sandbox, at }) => ({ sandbox, from: at, to: at }))];
  const lives = new Map<string, Life>();
  for (const { sandbox, from, to } of signs) {
    const known = lives.get(sandbox) ?? { sandbox, from, to };
    lives.set(sandbox, { sandbox, from: Math.min(known.from, from), to: Math.max(known.to, to) });
  }
  return lives;
}

/** An attempt that no record knows is one too many. */
export function nobodyUnknown({ tasks, calls, effects }: Evidence): string[] {
  const known = new Map(
    tasks.flatMap(({ name, steps }) =>
      steps.flatMap(({ sandboxes }) => sandboxes.map((uid) => [uid, name] as const)),
    ),
  );
  const signs = [...calls, ...effects].map(({ sandbox, task }) => ({ sandbox, task }));
  const wrong = signs.flatMap(({ sandbox, task }) => {
    const owner = known.get(sandbox);
    if (owner === undefined)
      return [
        `Sandbox ${sandbox} has worked${task === undefined ? '' : ` for ${task}`}, and no record has it`,
      ];
    return task === undefined || task === owner
      ? []
      : [`Sandbox ${sandbox} of ${owner} has worked for ${task}`];
  });
  return [...new Set(wrong)];
}

/** Numbered from 1 without gaps, by the Task and by each Sandbox. */
export function logsAreWhole({ tasks }: Evidence): string[] {
  return tasks.flatMap(({ name, log }) => {
    const wrong = isCounted(log.map(({ seq }) => seq))
      ? []
      : [`the log of ${name} is not numbered from 1 without gaps`];
    for (const [source, events] of Map.groupBy(log, (event) => event.source)) {
      if (!isCounted(events.map(({ sourceSeq }) => sourceSeq)))
        wrong.push(`the log of ${name} has not each event of ${source} once and in order`);
    }
    return wrong;
  });
}

function isCounted(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => number === index + 1);
}
