import type { RunNode } from '../../graph/graph.ts';
import type { Revision } from '../../revision/revision.ts';
import { endOf } from '../team/ends.ts';
import { memberOf, memberRun } from '../team/member-run.ts';
import type { History } from '../unfold.ts';
import type { Order } from './decision.ts';
import type { CoordinateProgram } from './program.ts';

/** An order of the leader, and how it ended. */
export interface Assignment {
  /** `work-<round>-<number>` */
  id: string;
  order: Order;
  /** Two with equal keys are the same work on the same files. */
  key: string;
  state: AssignmentState;
}

export type AssignmentState =
  | { end: 'open' }
  /** `node` is the run that succeeded. */
  | { end: 'succeeded'; node: string; hasSession: boolean }
  | { end: 'failed'; why: string };

export interface Round {
  number: number;
  assignments: readonly Assignment[];
  /** Assignments of before that were given once more. */
  repeated: readonly Assignment[];
  /** The last runs of its assignments, as far as they are known. */
  last: readonly string[];
}

/** The place of an assignment in the plan. */
export interface AssignmentPlace {
  id: string;
  lead: string;
  /** The finished assignment that it goes on from. */
  before: Assignment | undefined;
  /** The node whose files it begins with where there is no such assignment. */
  files: string;
}

export function orderKey({ member, task }: Order, base: string): string {
  return JSON.stringify([member, task.replace(/\s+/g, ' '), base]);
}

/** The runs of an assignment as far as they are known: one, and a further one after each that failed and may run again. */
export function assignmentRuns(
  { revision, history }: { revision: Revision; history: History },
  order: Order,
  place: AssignmentPlace,
): { nodes: RunNode[]; state: AssignmentState } {
  const { memberRetries, onMemberFailure } = revision.program as CoordinateProgram;
  const nodes: RunNode[] = [];
  for (let attempt = 0; ; attempt += 1) {
    const failed = nodes.at(-1)?.id;
    const id = attempt === 0 ? place.id : `${place.id}-retry-${attempt}`;
    const mayFail = onMemberFailure === 'Skip' || attempt < memberRetries;
    nodes.push(assignmentRun(revision, order, { ...place, id, failed, mayFail }));
    const end = endOf(history, id);
    if (end.end === 'open') return { nodes, state: end };
    if (end.end === 'succeeded') {
      return { nodes, state: { end: 'succeeded', node: id, hasSession: end.hasSession } };
    }
    if (attempt >= memberRetries) return { nodes, state: end };
  }
}

interface RunPlace extends AssignmentPlace {
  /** The run before, which failed. */
  failed: string | undefined;
  mayFail: boolean;
}

function assignmentRun(
  revision: Revision,
  { member, task }: Order,
  { id, lead, before, files, failed, mayFail }: RunPlace,
): RunNode {
  const source = before?.state.end === 'succeeded' ? before.state : undefined;
  const goesOn = source?.hasSession === true && before?.order.member === member;
  return memberRun(revision, {
    id,
    member,
    needs: [lead, ...(failed === undefined ? [] : [failed])],
    ...(failed === undefined ? {} : { on: { [failed]: 'failure' } }),
    inputs: {
      taskPrompt: false,
      text: task,
      results:
        source === undefined || goesOn
          ? []
          : [{ from: source.node, label: `Answer of ${before?.order.member ?? ''} before` }],
    },
    workspace: { from: source?.node ?? files, ownBranch: true },
    ...(goesOn ? { session: { from: source.node } } : {}),
    onFailure: mayFail ? 'Continue' : 'FailTask',
  });
}

/** Whether the member works in files, so that others can go on with them. */
export function leavesFiles(revision: Revision, { order, state }: Assignment): boolean {
  return state.end === 'succeeded' && memberOf(revision, order.member)?.usesWorkspace === true;
}
