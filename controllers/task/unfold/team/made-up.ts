import type { Task } from '#api/types/generated/task';
import { hasSandbox, isRunNode, validateGraph } from '../../graph/graph.ts';
import type { ActionNode, PlannedNode, RunNode } from '../../graph/graph.ts';
import { isDone } from '../../plan/readiness.ts';
import type { NodeRecord } from '../../node-record.ts';
import type { Revision, RevisionMember } from '../../revision/revision.ts';
import type { Program } from '../program.ts';
import type { History, Unfold, Unfolded } from '../unfold.ts';

/** For tests of programs: a revision, and ends of nodes without a server. */

/** How a node has ended. */
export type MadeUpEnd =
  { output?: unknown; value?: string; sessionId?: string } | { failed: string } | { skipped: string };

export type Ends = Record<string, MadeUpEnd>;

/** Members that work in files and keep sessions, unless said otherwise. */
export function madeUpRevision(program: Program, members: Record<string, Partial<RevisionMember>>): Revision {
  const complete = Object.entries(members).map(([name, more]): [string, RevisionMember] => [
    name,
    { usesWorkspace: true, shell: { type: 'ClaudeCode' }, agent: { botName: `${name}-bot` }, ...more },
  ]);
  return { teamRef: { name: 't' }, mode: 'm', nodes: [], members: Object.fromEntries(complete), program };
}

export function historyOf(ends: Ends): History {
  return {
    task: { metadata: { name: 'task' }, spec: { prompt: 'Do it.' } } as unknown as Task,
    ended: (id) => (Object.hasOwn(ends, id) ? recordOf(id, ends[id] ?? { failed: '' }) : undefined),
  };
}

function recordOf(node: string, end: MadeUpEnd): NodeRecord {
  if ('failed' in end) return { node, status: 'FAILED', errorMessage: end.failed };
  if ('skipped' in end) return { node, status: 'SKIPPED', message: end.skipped };
  const { value = '', ...rest } = end;
  return { node, status: 'COMPLETED', result: { value, ...rest } };
}

export function idsOf({ nodes }: Unfolded): string[] {
  return nodes.map(({ id }) => id);
}

/** @throws Error when there is no such run */
export function runOf({ nodes }: Unfolded, id: string): RunNode {
  const node = nodes.find((one) => one.id === id);
  if (node === undefined || !isRunNode(node)) throw new Error(`no run ${id}`);
  return node;
}

/** How runs end, and in which order, in a played Task. */
export interface Player {
  /** Picks one of so many runs that could end next. */
  pick: (count: number) => number;
  end: (node: RunNode | ActionNode) => MadeUpEnd;
}

export interface Played {
  unfolded: Unfolded;
  ends: Ends;
  /** The first node whose failure ends the Task. */
  failed?: string;
}

/**
 * Plays a Task to its end, one end after the other, and checks each graph on the way: it can be carried out, and all that was
 * known stays as it was, in the same order. @throws Error when it does not, or when the graph does not stop growing
 */
export function play(unfold: Unfold, revision: Revision, player: Player): Played {
  const ends: Ends = {};
  let before: readonly PlannedNode[] = [];
  for (let step = 0; step < 2000; step += 1) {
    const unfolded = unfold({ revision, history: historyOf(ends) });
    checkGrowth(before, unfolded.nodes);
    before = unfolded.nodes;
    const failed = unfolded.nodes.find(
      ({ id, policy }) => 'failed' in (ends[id] ?? {}) && policy.onFailure === 'FailTask',
    );
    if (failed !== undefined) return { unfolded, ends, failed: failed.id };
    if (unfolded.failure !== undefined) return { unfolded, ends };
    const passed = unfolded.nodes.find(({ id, skip }) => skip !== undefined && !(id in ends));
    if (passed !== undefined) {
      ends[passed.id] = { skipped: passed.skip ?? '' };
      continue;
    }
    const waiting = unfolded.nodes.filter(hasSandbox).filter(({ id }) => !(id in ends));
    const missed = waiting.find((node) => turnOf(node, unfolded, ends) === 'never');
    if (missed !== undefined) {
      ends[missed.id] = { skipped: 'for its need' };
      continue;
    }
    const ready = waiting.filter((node) => turnOf(node, unfolded, ends) === 'now');
    const next = ready[player.pick(ready.length) % Math.max(1, ready.length)];
    if (next === undefined) {
      const [open] = waiting;
      if (open !== undefined) throw new Error(`${open.id} can never start`);
      return { unfolded, ends };
    }
    ends[next.id] = player.end(next);
  }
  throw new Error('the graph does not stop growing');
}

/** As plan/readiness.ts has it, by itself. */
function turnOf({ needs, on = {} }: PlannedNode, { nodes }: Unfolded, ends: Ends): 'later' | 'now' | 'never' {
  let turn: 'now' | 'never' = 'now';
  for (const need of needs) {
    const node = nodes.find(({ id }) => id === need);
    const end = ends[need];
    if (node === undefined || end === undefined) return 'later';
    const record = recordOf(need, end);
    const met =
      on[need] === 'failure'
        ? record.status === 'FAILED'
        : on[need] === 'success'
          ? record.status === 'COMPLETED'
          : isDone({ node, record });
    if (!met) turn = 'never';
  }
  return turn;
}

function checkGrowth(before: readonly PlannedNode[], after: readonly PlannedNode[]): void {
  const problem = validateGraph(after);
  if (problem !== undefined) throw new Error(problem);
  const known = new Map(after.map((node) => [node.id, JSON.stringify(node)]));
  for (const node of before) {
    if (known.get(node.id) !== JSON.stringify(node)) throw new Error(`${node.id} is another one now`);
  }
  const order = new Set(before.map(({ id }) => id));
  const kept = after.filter(({ id }) => order.has(id)).map(({ id }) => id);
  if (kept.join() !== [...order].join()) throw new Error('the order of known nodes has changed');
}
