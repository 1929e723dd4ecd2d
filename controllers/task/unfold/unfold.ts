import type { Task } from '#api/types/generated/task';
import type { StepResult } from '#workflows/variables';
import type { Step } from '#workflows/workflow';
import { validateGraph } from '../graph/graph.ts';
import type { PlannedNode } from '../graph/graph.ts';
import { readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';

/** All that a graph grows from, beside its revision. */
export interface History {
  task: Task;
  /** The record of a node that has ended; undefined before. It never changes. */
  ended: (node: string) => NodeRecord | undefined;
  /** Whether a node is written down in the status of the Task; absent: by its id. */
  isKnown?: (node: string) => boolean;
}

export interface UnfoldInput {
  revision: Revision;
  history: History;
}

export interface Unfolded {
  /** All nodes that are known by now, in an order for people. A node that was there once stays as it was. */
  nodes: readonly PlannedNode[];
  /** Why the Task cannot go on: `Reason: message`. All that runs is stopped. */
  failure?: string;
  /** The answer of the Task, where it is not that of the last nodes. */
  answer?: string;
  /** The node whose work is the Task's, where that is not the last one: its repository stands in the result. */
  author?: string;
  /** The node whose answer is that of the whole, where that of a workflow is the answer of one participant, and it is known. */
  outcome?: string;
  /** Ids of nodes that have ended, and whose ends no longer decide how the Task stands. */
  past?: ReadonlySet<string>;
  /** Ids of nodes that failed to say no to an answer: that was heeded, and stands in nobody's way. */
  heeded?: ReadonlySet<string>;
  /** Further fields of the result: what judges said, say. */
  details?: Readonly<Record<string, unknown>>;
  /** Of a workflow that is done once: how far its steps have come, for drawings. */
  course?: WorkflowCourse;
}

/** A workflow under way. */
export interface WorkflowCourse {
  /** As they are carried out: those that a leader has written stand in their places. */
  steps: readonly Step[];
  /** Ids of the nodes of these steps. */
  nodes: ReadonlySet<string>;
  /** Results of steps that have ended, by the texts of their paths (workflows/node-id); an iteration or a try has one of its own. */
  results: ReadonlyMap<string, StepResult>;
}

/** The part of it that says how the Task stands, and what its result is. */
export type Conclusion = Pick<Unfolded, 'answer' | 'author' | 'details' | 'past'>;

/**
 * Works out a graph as far as it is known; pure. The graph is nowhere stored: it is worked out from the revision and the
 * ends of nodes whenever it is needed, and so it is the same after every crash.
 */
export type Unfold = (input: UnfoldInput) => Unfolded;

/** By the kind of program. */
export type Programs = Readonly<Record<string, Unfold>>;

/** A status has a record of each node. */
const MOST_NODES = 1000;

/** The graph of a Task as far as it is known. The first of its failures wins over what its program says. */
export function unfold(input: UnfoldInput, programs: Programs): Unfolded {
  const { nodes, program } = input.revision;
  if (program === undefined) return { nodes };
  const grow = programs[program.kind];
  if (grow === undefined) {
    return { nodes, failure: `UnsupportedMode: this version knows no program "${program.kind}".` };
  }
  const unfolded = grow(input);
  if (unfolded.nodes.length > MOST_NODES) {
    const failure = `TooManySteps: the Task would have more than ${MOST_NODES} steps.`;
    return { nodes: begun(unfolded.nodes, input), failure };
  }
  const problem = validateGraph(unfolded.nodes);
  return problem === undefined
    ? unfolded
    : { nodes: begun(unfolded.nodes, input), failure: `InvalidPlan: ${problem}` };
}

/** Those that have records: of a graph that cannot be carried out they are left, for their runs have to be stopped. */
function begun(nodes: readonly PlannedNode[], { history: { task } }: UnfoldInput): PlannedNode[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return readRecords(task.status).flatMap(({ node }) => byId.get(node) ?? []);
}
