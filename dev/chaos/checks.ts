import type { CallSeen, EffectSeen, Evidence, StepSeen, TaskSeen } from './evidence.ts';
import type { Expectation } from './scenario.ts';

/**
 * Judges of a run with troubles; pure. Each gives the sentences of what is wrong, and is shown in checks.test.ts to find what
 * it is there for.
 */
export type Check = (evidence: Evidence, expected: Expected) => string[];

/** The legal outcomes of a Task; none where a person has removed it. */
export type Expected = (task: string) => readonly Expectation[];

export const CHECKS: Readonly<Record<string, Check>> = {
  'no Task is lost': noTaskIsLost,
  'every Task ends as its script says': endsAsScripted,
  'every step has its effect exactly as often as its record says': effectsAsRecorded,
  'every fixed action asks once in each attempt, with one key': asksOnce,
  'no two attempts of a step are ever alive together': neverTwoAlive,
  'everybody who has worked stands in a record': nobodyUnknown,
  'every event is in the log once': logsAreWhole,
};

export function noTaskIsLost({ tasks, handedIn }: Evidence, expected: Expected): string[] {
  const there = new Set(tasks.map(({ name }) => name));
  return handedIn.flatMap((name) => {
    const isRemoved = expected(name).length === 0;
    if (there.has(name) !== isRemoved) return [];
    return [isRemoved ? `${name} was removed, and is there` : `${name} was handed in, and is not there`];
  });
}

export function endsAsScripted({ tasks }: Evidence, expected: Expected): string[] {
  return tasks.flatMap((task) => {
    const wrong = expected(task.name).map((want) => differences(task, want));
    return wrong.some((one) => one.length === 0) ? [] : (wrong[0] ?? []);
  });
}

function differences(task: TaskSeen, want: Expectation): string[] {
  const why = task.message === undefined ? '' : ` (${task.message})`;
  const wrong =
    task.status === want.status ? [] : [`${task.name} is ${task.status}, not ${want.status}${why}`];
  if (want.message !== undefined && task.message?.includes(want.message) !== true)
    wrong.push(`${task.name} says ${task.message ?? 'nothing'}, not ${want.message}`);
  if (want.value !== undefined && task.value !== want.value)
    wrong.push(`${task.name} has the result ${task.value ?? 'none'}, not ${want.value}`);
  const [got, should] = [counted(task.steps), countedStatuses(want.steps)];
  return got === should ? wrong : [...wrong, `${task.name} has the steps ${got}, not ${should}`];
}

function counted(steps: readonly StepSeen[]): string {
  return sortedCounts(
    steps.map(
      ({ title, status, isTakenOver }) =>
        `${title} ${status}${isTakenOver === true ? ' by another Task' : ''}`,
    ),
  );
}

function countedStatuses(steps: Expectation['steps']): string {
  return sortedCounts(
    Object.entries(steps).flatMap(([title, statuses]) => statuses.map((status) => `${title} ${status}`)),
  );
}

function sortedCounts(words: readonly string[]): string {
  return words.toSorted().join(', ');
}

/** Each attempt does it once at most, and the one that was completed has done it; nobody does what was taken over. */
export function effectsAsRecorded({ tasks, effects }: Evidence, expected: Expected): string[] {
  const done = Map.groupBy(effects, ({ task, sandbox }) => `${task} ${sandbox}`);
  const count = (task: TaskSeen, sandbox: string): number => done.get(`${task.name} ${sandbox}`)?.length ?? 0;
  return tasks.flatMap((task) => {
    const silent = new Set(expected(task.name).flatMap(({ withoutEffect = [] }) => withoutEffect));
    return task.steps.flatMap((step) => {
      if (step.isTakenOver === true) return doneAgain(task, step, effects);
      const wrong = step.sandboxes
        .filter((sandbox) => count(task, sandbox) > 1)
        .map(
          (sandbox) => `${task.name}, ${step.title}: ${sandbox} has done it ${count(task, sandbox)} times`,
        );
      const last = step.sandboxes.at(-1);
      if (step.status !== 'COMPLETED' || last === undefined || silent.has(step.title)) return wrong;
      return count(task, last) === 0
        ? [...wrong, `${task.name}, ${step.title}: COMPLETED by ${last}, which has done nothing`]
        : wrong;
    });
  });
}

function doneAgain({ name }: TaskSeen, { title }: StepSeen, effects: readonly EffectSeen[]): string[] {
  return effects
    .filter(({ task, step }) => task === name && step === title)
    .map(({ sandbox }) => `${name}, ${title}: it was taken over, and ${sandbox} has done it again`);
}

/** Askers are told apart by their attempts alone: each asks once at most, and the one that was completed has asked. */
export function asksOnce({ tasks, requests }: Evidence, expected: Expected): string[] {
  const made = Map.groupBy(requests, ({ task, step }) => `${task} ${step}`);
  return tasks.flatMap((task) => {
    const asking = new Set(expected(task.name).flatMap(({ asks = [] }) => asks));
    return task.steps
      .filter(({ title }) => asking.has(title))
      .flatMap(({ title, status, attempts }) => {
        const own = made.get(`${task.name} ${title}`) ?? [];
        const keys = new Set(own.map(({ key }) => key));
        const wrong =
          own.length <= attempts
            ? []
            : [`${task.name}, ${title}: ${attempts} attempts have asked ${own.length} times`];
        if (keys.size > 1) wrong.push(`${task.name}, ${title}: it has asked with ${keys.size} keys`);
        if (status === 'COMPLETED' && own.length === 0)
          wrong.push(`${task.name}, ${title}: COMPLETED, and has not asked`);
        return wrong;
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
export function nobodyUnknown({ tasks, calls, effects }: Evidence, expected: Expected): string[] {
  const known = new Map(
    tasks.flatMap(({ name, steps }) =>
      steps.flatMap(({ sandboxes }) => sandboxes.map((uid) => [uid, name] as const)),
    ),
  );
  const signs = [...calls, ...effects].map(({ sandbox, task }) => ({ sandbox, task }));
  // Their records went with their Tasks.
  const gone = new Set(
    signs.flatMap(({ sandbox, task }) =>
      task !== undefined && expected(task).length === 0 ? [sandbox] : [],
    ),
  );
  const wrong = signs.flatMap(({ sandbox, task }) => {
    const owner = known.get(sandbox);
    if (owner === undefined && gone.has(sandbox)) return [];
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
