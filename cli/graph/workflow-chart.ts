import { NodePath, pathOf } from '#workflows/node-id';
import { dependenciesOf, failureStep } from '#workflows/workflow';
import type { Step } from '#workflows/workflow';
import type { Arrow, Box } from './chart.ts';
import { judgedBoxes } from './quality-chart.ts';

/** How a run stands; from status.subTasks of a Task. */
export interface RunState {
  node: string;
  status: string;
}

/** The boxes of a workflow; with the states of the runs that its steps have had. */
export function workflowBoxes(steps: readonly Step[], runs: readonly RunState[] = []): Box[] {
  return boxesOf(steps, runs, NodePath.ROOT);
}

function boxesOf(steps: readonly Step[], runs: readonly RunState[], around: NodePath): Box[] {
  return steps.map((step, position) => {
    const path = around.step(position);
    const own = runs.filter(({ node }) => isWithin(pathOf(node), path.text));
    const state = stateOf(own);
    const boxes = step.steps === undefined ? judgedStep(step, own) : boxesOf(step.steps, runs, path);
    return {
      name: step.name,
      notes: notesOf(step),
      ...(state === undefined ? {} : { state }),
      arrows: arrowsOf(step, steps),
      ...(boxes === undefined ? {} : { boxes }),
    };
  });
}

/** The name of a box within the frame of its step. */
const WORK = 'work';

/** The work of a step, and those who judge it. */
function judgedStep({ quality }: Step, runs: readonly RunState[]): Box[] | undefined {
  if (quality === undefined) return undefined;
  const stateIn = (ids: RegExp): string | undefined =>
    stateOf(runs.filter(({ node }) => ids.test(pathOf(node))));
  const { judges, back } = judgedBoxes(quality, WORK, stateIn);
  const state = stateOf(runs.filter(({ node }) => !JUDGE.test(pathOf(node))));
  return [{ name: WORK, notes: [], ...(state === undefined ? {} : { state }), arrows: back }, ...judges];
}

/** The path of a node that judges has a word; others have single letters. */
const JUDGE = /[a-z]{2}/;

/** Whether the path of a node belongs to a step: items, iterations and tries of the steps around are passed over. */
function isWithin(path: string, step: string): boolean {
  const pattern = step.split('x').join('[irtpw0-9]*x');
  return new RegExp(`^${pattern}(?![0-9])`).test(path);
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

/** The worst of what is there, after what is under way; with the numbers where there are several. */
const ORDER = ['RUNNING', 'PENDING_CONFIRMATION', 'PENDING', 'FAILED', 'CANCELLED', 'COMPLETED', 'SKIPPED'];

export function stateOf(runs: readonly RunState[]): string | undefined {
  const state = ORDER.find((word) => runs.some(({ status }) => status === word)) ?? runs[0]?.status;
  if (state === undefined || runs.length === 1) return state;
  const done = runs.filter(({ status }) => status === 'COMPLETED').length;
  return `${state} (${done} of ${runs.length} done)`;
}
