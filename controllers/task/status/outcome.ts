import type { Sandbox } from '#api/types/generated/sandbox';
import type { ImpossibleReason } from '../configuration/resolve.ts';

/** How the Task stands, as the plan found it. Nodes are named by their ids. */
export type Outcome =
  | {
      kind: 'waiting';
      reason: 'WaitingForTeam' | 'WaitingForWorkspace' | 'UseForbidden' | 'Suspended';
      message: string;
    }
  | {
      kind: 'impossible';
      reason: ImpossibleReason;
      message: string;
    }
  /** `waits`: of nodes at which nothing runs, beside those that run. */
  | { kind: 'running'; runs: readonly NodeRun[]; waits: readonly NodeWait[] }
  /** No further run starts, for as long as that is so; `runs` go on. */
  | ({ kind: 'held'; runs: readonly NodeRun[] } & Hold)
  /** Nothing runs: a person has to confirm the end of the node. */
  | { kind: 'confirming'; node: string }
  /** Nothing runs: people have to answer what the agents of these nodes have asked. */
  | { kind: 'asking'; nodes: readonly string[] }
  /** Nothing runs: the nodes wait for something else than a run. */
  | { kind: 'resting'; waits: readonly NodeWait[] }
  /** `runs` have not stopped yet. */
  | { kind: 'cancelling'; runs: readonly NodeRun[] }
  | { kind: 'failing'; failure: Failure; runs: readonly NodeRun[] }
  /** `heeded`: nodes that failed to say no to an answer, which was corrected, or taken all the same. */
  | { kind: 'completed'; heeded?: ReadonlySet<string> }
  | { kind: 'failed'; failure: Failure }
  | { kind: 'cancelled'; message: string };

export interface NodeRun {
  node: string;
  /** Absent while it is being created. */
  sandbox?: Sandbox;
}

/** Why no further run of a Task starts. */
export interface Hold {
  reason: 'UseForbidden' | 'Suspended';
  /** A sentence. */
  message: string;
}

export interface NodeWait {
  node: string;
  /** A sentence: for what it waits. */
  message: string;
  /** Whether people are asked. */
  isForPeople: boolean;
}

export interface Failure {
  /** Absent when it is not one node's. */
  node?: string;
  /** `Reason: message`, or the reason alone. */
  why: string;
}

/** The nodes that an outcome tells of, in the order of the plan. */
export function nodesOf(outcome: Outcome): string[] {
  switch (outcome.kind) {
    case 'running':
    case 'held':
    case 'cancelling':
      return outcome.runs.map(({ node }) => node);
    case 'resting':
      return outcome.waits.map(({ node }) => node);
    case 'confirming':
      return [outcome.node];
    case 'asking':
      return [...outcome.nodes];
    case 'failing':
    case 'failed':
      return outcome.failure.node === undefined ? [] : [outcome.failure.node];
    case 'waiting':
    case 'impossible':
    case 'completed':
    case 'cancelled':
      return [];
  }
}
