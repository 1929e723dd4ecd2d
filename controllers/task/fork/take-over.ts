import type { Task, TaskStatus } from '#api/types/generated/task';
import { canonicalJSON } from '#api/types/tasks/task-revision';
import { stageDecision } from '../approvals/stages.ts';
import { ancestorsIn } from '../graph/graph.ts';
import type { PlannedNode } from '../graph/graph.ts';
import { endedAmong, isEnded, readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { isDone } from '../plan/readiness.ts';
import type { Revision } from '../revision/revision.ts';
import { followUpNode } from '../status/messages.ts';
import { knownGraph } from '../unfold/follow-ups.ts';
import type { Programs, Unfolded } from '../unfold/unfold.ts';

/** The beginning of a fork. */
export interface Inheritance {
  /** Of the steps that it does not do again. */
  records: readonly NodeRecord[];
  /** Of the messages of the other Task that none of them has heard. */
  messages: NonNullable<TaskStatus['messages']>;
}

export interface ForkSources {
  /** The Task that spec.forkFrom names. */
  parent: Task;
  /** That both run with. */
  revision: Revision;
  programs: Programs;
}

/**
 * Finds all that a fork takes over of its parent: the steps that have come to their end up to the chosen one, and all that this one
 * needed, each with all that it needed itself. One that the Task could not go on behind is left out, and runs again, unless
 * words of people come next, which go on from there. One that people have decided about is left out where the fork has another
 * prompt or other parameters. Pure.
 */
export function takeOver(fork: Task, sources: ForkSources): Inheritance | { problem: string } {
  const { parent } = sources;
  const { step = '' } = fork.spec.forkFrom ?? {};
  const all = readRecords(parent.status);
  const chosen = all.findIndex(({ node }) => node === step);
  const { nodes } = unfolded(parent, all, sources);
  const wanted = ancestorsIn(nodes)(step);
  const before = all.filter(
    (record, index) => isKept(record) && (index <= chosen || wanted.has(record.node)),
  );
  const decided = isSameRequest(fork, parent) ? new Set<string>() : decidedAmong(before, nodes);
  const ended = before.filter(({ node }) => !decided.has(node));
  const taken = closed(fork, ended, sources);
  const own = taken.find(({ node }) => node === step);
  if (own === undefined) {
    const asked = [...wanted, step].find((node) => decided.has(node));
    return {
      problem: asked === undefined ? whyNot(parent, step, all[chosen]) : decidedOtherwise(parent, asked),
    };
  }
  const records = taken.map((record) => inherited(record, parent));
  return { records, messages: unheard(fork, records) };
}

/** A yes of people is about what they saw: it does not hold for another prompt, or other parameters. */
function isSameRequest({ spec: fork }: Task, { spec: parent }: Task): boolean {
  const same = canonicalJSON(fork.parameters ?? {}) === canonicalJSON(parent.parameters ?? {});
  return same && fork.prompt === parent.prompt;
}

/** The ids of those that people have said yes to, or whose answer people gave. */
function decidedAmong(records: readonly NodeRecord[], nodes: readonly PlannedNode[]): ReadonlySet<string> {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const isDecided = (record: NodeRecord): boolean => {
    const node = known.get(record.node);
    return stageDecision(record) !== undefined || (node?.kind === 'wait' && node.wait.for === 'approval');
  };
  return new Set(records.filter(isDecided).map(({ node }) => node));
}

function decidedOtherwise({ metadata: { name } }: Task, step: string): string {
  return `People have decided about step "${step}" for the prompt and the parameters of Task "${name}": a fork with others cannot go on behind it.`;
}

/** Nobody can go on with an answer that had no room in the status. */
const isKept = (record: NodeRecord): boolean => isEnded(record) && record.isLeftOut !== true;

/** Leaves out what cannot stand by itself, until nothing of that kind is left: a graph knows less with fewer ends. */
function closed(fork: Task, ended: readonly NodeRecord[], sources: ForkSources): readonly NodeRecord[] {
  const graph = unfolded(fork, ended, sources);
  const past = fork.spec.forkFrom?.text === undefined ? graph.past : new Set(ended.map(({ node }) => node));
  const known = new Map(ended.map((record) => [record.node, record]));
  const taken = new Set<string>();
  for (let size = -1; size !== taken.size;) {
    size = taken.size;
    for (const node of graph.nodes) {
      const record = known.get(node.id);
      if (record === undefined || !node.needs.every((need) => taken.has(need))) continue;
      if (past?.has(node.id) === true || graph.heeded?.has(node.id) === true || isGood(node, record))
        taken.add(node.id);
    }
  }
  const left = ended.filter(({ node }) => taken.has(node));
  return left.length === ended.length ? left : closed(fork, left, sources);
}

/** Whether the Task goes on behind it; one whose end people have rejected is asked about once more. */
function isGood(node: PlannedNode, record: NodeRecord): boolean {
  return isDone({ node, record }) && record.undecided === undefined;
}

/** The graph of a Task whose steps have ended so, with those messages alone that are steps among them. */
function unfolded(task: Task, records: readonly NodeRecord[], { revision, programs }: ForkSources): Unfolded {
  const nodes = new Set(records.map(({ node }) => node));
  const messages = (task.spec.messages ?? []).filter((message) => nodes.has(followUpNode(message)));
  const status = { ...task.status, subTasks: records.map((record) => ({ ...record })) };
  const seen = { ...task, spec: { ...task.spec, messages }, status };
  return knownGraph({ revision, history: { task: seen, ended: endedAmong(records) } }, programs);
}

function whyNot({ metadata: { name } }: Task, step: string, record: NodeRecord | undefined): string {
  if (record === undefined) return `Task "${name}" has no step "${step}".`;
  if (record.isLeftOut === true) return `The answer of step "${step}" of Task "${name}" is lost.`;
  if (!isEnded(record)) return `Step "${step}" of Task "${name}" has not ended: it runs again.`;
  return `Task "${name}" does not go on behind step "${step}", which is ${record.status ?? ''}; words (spec.forkFrom.text) do.`;
}

/** The record as another Task has it: how the step ended, and whose work it is; attempts before, and their use, are not its own. */
function inherited(record: NodeRecord, { metadata }: Task): NodeRecord {
  const { earlierSandboxes: _, earlierUse: __, history: ___, events: ____, share: _____, ...end } = record;
  const { stage, ...rest } = end;
  const isRejected = stageDecision(record)?.why !== undefined;
  return {
    ...rest,
    ...(stage === undefined || isRejected ? {} : { stage }),
    // A fork of a fork has the work of the first one.
    forkedFrom: record.forkedFrom ?? { task: metadata.name, uid: metadata.uid ?? '' },
  };
}

/** Nobody answers in the fork what was said to steps that it does not take over. */
function unheard({ spec }: Task, records: readonly NodeRecord[]): Inheritance['messages'] {
  const said = (spec.messages ?? []).slice(0, spec.forkFrom?.messages ?? 0);
  const isHeard = (message: (typeof said)[number]): boolean =>
    records.some(({ node, messages }) => node === followUpNode(message) || messages?.includes(message.id));
  return said.filter((message) => !isHeard(message)).map(({ id }) => ({ id, state: 'Expired' as const }));
}
