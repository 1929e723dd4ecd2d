import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task, TaskStatus } from '#api/types/generated/task';
import { isFinalPhase } from '#api/types/sandbox';
import { isFinalTaskStatus } from '#api/types/task';
import type { Resolution } from '../configuration/resolve.ts';
import { nodeOfSandbox } from '../graph/stages.ts';
import { isEnded, readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { sandboxObject } from '../sandbox/sandbox-object.ts';
import { readSnapshot, takeSnapshot } from '../snapshot.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Outcome } from '../status/outcome.ts';
import { nextStatus } from '../status/status.ts';
import { planNodes } from './plan-nodes.ts';
import type { OverSandbox, Rejection } from './settle.ts';

export interface Observation {
  task: Task;
  /** Those owned by this Task (its uid). */
  sandboxes: readonly Sandbox[];
  /** Asked only while there is no snapshot. */
  resolve: () => Resolution;
  /** RFC 3339. */
  now: string;
  /** What the server said to the last plan, if it refused a part of it. */
  rejection?: Rejection;
}

/** What to do next: first the status is written (version-checked), then the rest is done, in any order. */
export interface TaskPlan {
  /** Absent when the Task has ended. */
  status?: TaskStatus;
  /** To be created, unless they are there already. */
  create: readonly Sandbox[];
  /** Their spec.cancel is to be set. */
  cancel: readonly Sandbox[];
  /**
   * Runs that the plan takes for over. The cache may lag behind another controller's, so the server is asked before
   * anything is done: a second agent must not start while the first one works.
   */
  mustBeOver: readonly OverSandbox[];
}

const NOTHING: TaskPlan = { create: [], cancel: [], mustBeOver: [] };

/** The plan of one Task; pure. */
export function planTask(observation: Observation): TaskPlan {
  const { task, sandboxes } = observation;
  const live = sandboxes.filter((sandbox) => !isFinalPhase(sandbox.status?.phase));
  const uncancelled = live.filter((sandbox) => sandbox.spec.cancel !== true);
  // A controller that lost a race may have created a Sandbox for a Task that had just ended.
  if (isFinalTaskStatus(task.status?.status)) return { ...NOTHING, cancel: uncancelled };
  const snapshot = readSnapshot(task.status);
  if (snapshot !== undefined) return planGraph(observation, snapshot);
  if (task.spec.cancel === true)
    return ended(observation, { kind: 'cancelled', message: 'Cancelled before it started.' });

  const resolution = observation.resolve();
  switch (resolution.outcome) {
    case 'resolved':
      return planGraph(observation, takeSnapshot(resolution.content, observation.now));
    case 'waiting':
      return ended(observation, { kind: 'waiting', ...resolution });
    case 'impossible':
      return ended(observation, { kind: 'impossible', ...resolution });
  }
}

function ended(observation: Observation, outcome: Outcome): TaskPlan {
  const records = readRecords(observation.task.status);
  return { ...NOTHING, status: nextStatus(observation, { records, outcome }) };
}

/** The status of a Task whose own status the server refuses, with the server's words. */
export function planRejected(observation: Observation, message: string): TaskStatus {
  const records = readRecords(observation.task.status);
  const node = records.find(({ status }) => status !== 'COMPLETED')?.node;
  const failure = { ...(node === undefined ? {} : { node }), why: `Rejected: ${message}` };
  return nextStatus(observation, { records, outcome: { kind: 'failed', failure } });
}

function planGraph(observation: Observation, snapshot: Snapshot): TaskPlan {
  const { moves, outcome } = planNodes(snapshot, observation);
  const records = moves.map(({ record }) => record);
  const run = { task: observation.task, snapshot, records };
  return {
    status: nextStatus(observation, { records, outcome, snapshot }),
    create: moves.flatMap(({ create, record }) => (create === true ? [sandboxObject(run, record)] : [])),
    cancel: [...moves.flatMap(({ cancel }) => cancel ?? []), ...straysOf(observation.sandboxes, records)],
    mustBeOver: moves.flatMap(({ over }) => over),
  };
}

/**
 * Live Sandboxes of attempts that are over for the records: a controller that slept between its two writes may have
 * made one. Records only move on, so that this holds however old the caches are.
 */
function straysOf(sandboxes: readonly Sandbox[], records: readonly NodeRecord[]): Sandbox[] {
  const known = new Map(records.map((record) => [record.node, record]));
  return sandboxes.filter(({ spec, status }) => {
    if (spec.cancel === true || isFinalPhase(status?.phase)) return false;
    const record = known.get(nodeOfSandbox(spec));
    return record !== undefined && (isEnded(record) || spec.attempt < (record.attempt ?? 0));
  });
}
