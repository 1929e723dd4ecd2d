import { NodePath, pathOf } from '#workflows/node-id';
import { dependenciesOf, failureStep } from '#workflows/workflow';
import type { StepQuality, StepResult } from '#workflows/variables';
import type { Step } from '#workflows/workflow';
import type { Arrow, Box } from './chart.ts';
import { judgedBoxes } from './quality-chart.ts';

/** How a run stands; from status.subTasks of a Task. */
export interface RunState {
  node: string;
  title: string;
  status: string;
}

/** How far the steps of a workflow have come. */
export interface WorkflowState {
  runs: readonly RunState[];
  /** Of steps that have ended, by the texts of their paths. */
  results: ReadonlyMap<string, StepResult>;
}

/** The boxes of a workflow; with the states of the runs that its steps have had. */
export function workflowBoxes(
  steps: readonly Step[],
  state: WorkflowState = { runs: [], results: new Map() },
): Box[] {
  return boxesOf(steps, state, NodePath.ROOT);
}

function boxesOf(steps: readonly Step[], state: WorkflowState, around: NodePath): Box[] {
  return steps.map((step, position) => {
    const path = around.step(position);
    const own = state.runs.filter(({ node }) => isWithin(pathOf(node), path.text));
    const boxes = step.steps === undefined ? judgedStep(step, own) : boxesOf(step.steps, state, path);
    const word = stepState(own, lastResults(state.results, path.text));
    return {
      name: step.name,
      notes: notesOf(step),
      ...(word === undefined ? {} : { state: word }),
      arrows: arrowsOf(step, steps),
      ...(boxes === undefined ? { ids: own.map(({ node }) => node) } : { boxes }),
    };
  });
}

const ENDS = { Failed: 'FAILED', Omitted: 'SKIPPED', Skipped: 'SKIPPED', Succeeded: 'COMPLETED' } as const;

/** By its runs while one is under way; then by its results, for a run that failed may have been tried again, or not matter. */
function stepState(runs: readonly RunState[], results: readonly StepResult[]): string | undefined {
  const byRuns = stateOf(runs);
  if (results.length === 0 || UNDER_WAY.some((word) => byRuns?.startsWith(word))) return byRuns;
  const ends = results.map(({ status }) => ENDS[status]);
  const end = ORDER.find((word) => ends.some((one) => one === word)) ?? '';
  const [result, ...others] = results;
  const judged = others.length === 0 && end === 'COMPLETED' ? result?.quality : undefined;
  if (judged !== undefined) return `${end} (${judgedWords(judged)})`;
  return [end, byRuns?.replace(/^[A-Z_]+ ?/, '') ?? ''].filter((word) => word !== '').join(' ');
}

function judgedWords({ accepted, rounds }: StepQuality): string {
  if (!accepted) return `version ${rounds}, not accepted`;
  return rounds === 1 ? 'accepted' : `accepted in version ${rounds}`;
}

/** Of each item the last iteration and try. */
function lastResults(results: WorkflowState['results'], step: string): StepResult[] {
  const last = new Map<string, StepResult>();
  for (const [path, result] of results) {
    const place = path.replaceAll(/[rt][0-9]+/g, '');
    if (isWithin(path, step) && !path.replace(placePattern(step), '').includes('x')) last.set(place, result);
  }
  return [...last.values()];
}

/** The name of a box within the frame of its step. */
const WORK = 'work';

/** The work of a step, and those who judge it. */
function judgedStep({ quality }: Step, runs: readonly RunState[]): Box[] | undefined {
  if (quality === undefined) return undefined;
  const standing = (some: readonly RunState[]): Pick<Box, 'ids' | 'state'> => {
    const state = stateOf(some);
    return { ...(state === undefined ? {} : { state }), ids: some.map(({ node }) => node) };
  };
  const { judges, back } = judgedBoxes(quality, WORK, (ids) =>
    standing(runs.filter(({ node }) => ids.test(pathOf(node)))),
  );
  const work = standing(runs.filter(({ node }) => !JUDGE.test(pathOf(node))));
  return [{ name: WORK, notes: [], ...work, arrows: back }, ...judges];
}

/** The path of a node that judges has a word; others have single letters. */
const JUDGE = /[a-z]{2}/;

/** Whether the path of a node belongs to a step: items, iterations and tries of the steps around are passed over. */
function isWithin(path: string, step: string): boolean {
  return placePattern(step).test(path);
}

function placePattern(step: string): RegExp {
  return new RegExp(`^${step.split('x').join('(?:[irtp][0-9]+)*x')}(?![0-9])`);
}

function arrowsOf(step: Step, siblings: readonly Step[]): Arrow[] {
  const before = dependenciesOf(step).map(({ step: from, edge }) => ({
    from,
    label: edge === 'success' ? '' : edge,
  }));
  const failing = siblings.filter((other) => failureStep(other) === step.name);
  return [...before, ...failing.map(({ name }) => ({ from: name, label: 'failure' }))];
}

function notesOf(step: Step): string[] {
  const { participants, action, wait, fill, when, forEach, repeat, retry } = step;
  return [
    ...(participants === undefined ? [] : [participants.join(', ')]),
    ...Object.keys(action ?? {}),
    ...Object.keys(wait ?? {}).map((what) => `waits: ${what}`),
    ...(fill === undefined ? [] : [`written by the ${fill}`]),
    ...(when === undefined ? [] : [`when ${when}`]),
    ...(forEach === undefined ? [] : [`for each of ${forEach.items}`]),
    ...(repeat === undefined ? [] : [`until ${repeat.until}, at most ${repeat.maxIterations} times`]),
    ...(retry === undefined ? [] : [`${retry.limit} more on failure`]),
  ];
}

const UNDER_WAY = ['RUNNING', 'PENDING_CONFIRMATION', 'PENDING'];
const ORDER = [...UNDER_WAY, 'FAILED', 'CANCELLED', 'COMPLETED', 'SKIPPED'];

/** The worst of what is there, after what is under way; with the numbers where there are several. */
function stateOf(runs: readonly RunState[]): string | undefined {
  const state = ORDER.find((word) => runs.some(({ status }) => status === word)) ?? runs[0]?.status;
  if (state === undefined || runs.length === 1) return state;
  const done = runs.filter(({ status }) => status === 'COMPLETED').length;
  return `${state} (${done} of ${runs.length} done)`;
}
