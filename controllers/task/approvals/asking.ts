import type { Approval } from '#api/types/generated/approval';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task, TaskAnswer } from '#api/types/generated/task';
import { isRunNode } from '../graph/graph.ts';
import type { PlannedNode } from '../graph/graph.ts';
import { endedAmong, readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';
import type { Failure } from '../status/outcome.ts';
import { openQuestions } from '../status/questions.ts';
import { knownGraph } from '../unfold/follow-ups.ts';
import type { Programs } from '../unfold/unfold.ts';
import { decidedAnswers } from './answers.ts';
import type { DecidedAnswers } from './answers.ts';
import { decisionsOf } from './ask.ts';
import type { Decisions } from './ask.ts';
import type { AskedBy } from './settings.ts';

export interface AskingSources {
  task: Task;
  sandboxes: readonly Sandbox[];
  /** Those whose controller is the Task. */
  approvals: readonly Approval[];
  programs: Programs;
}

/** The decisions of people about a Task, for its plan. */
export interface Asking {
  /** With all answers that count in its spec, whichever way they were given. */
  task: Task;
  decisions: Decisions;
  askedBy: (node: PlannedNode) => AskedBy;
  failures: readonly Failure[];
  /** The record with the answers of its node that were given by Approvals. */
  noted: (record: NodeRecord) => NodeRecord;
}

export function askingOf(sources: AskingSources, revision: Revision): Asking {
  const { task, sandboxes, approvals } = sources;
  const decisions = decisionsOf(task, approvals);
  const askedBy = (node: PlannedNode): AskedBy => ({ team: revision.approval, own: ownSettings(node) });
  const records = readRecords(task.status);
  const unanswered = { ...task, spec: { ...task.spec, answers: [] } };
  const questions = openQuestions({ task: unanswered, records, sandboxes });
  // Most Tasks ask nothing at most times.
  const nodes = questions.length === 0 ? [] : nodesOf(sources, revision, records);
  const { all, news, failure } = decidedAnswers({
    given: task.spec.answers ?? [],
    ...{ records, questions, decisions },
    askedBy: (id) => {
      const node = nodes.find((one) => one.id === id);
      return node === undefined ? { team: revision.approval, own: undefined } : askedBy(node);
    },
  });
  return {
    task: all.length === 0 && task.spec.answers === undefined ? task : withAnswers(task, all),
    ...{ decisions, askedBy },
    failures: failuresOf(records, failure),
    noted(record) {
      const given = news.get(record.node) ?? [];
      const isUndecided = failure !== undefined && failure.node === record.node;
      return {
        ...record,
        ...(given.length === 0 ? {} : { answers: [...(record.answers ?? []), ...given] }),
        ...(isUndecided ? { undecided: failure.why } : {}),
      };
    },
  };
}

const withAnswers = (task: Task, answers: TaskAnswer[]): Task => ({
  ...task,
  spec: { ...task.spec, answers },
});

const ownSettings = (node: PlannedNode): AskedBy['own'] => {
  if (isRunNode(node)) return node.approval;
  return node.kind === 'wait' && node.wait.for === 'approval' ? node.wait.settings : undefined;
};

/** Those that were noted stay, although the question goes with its run. */
function failuresOf(records: readonly NodeRecord[], now: DecidedAnswers['failure']): Failure[] {
  const noted = records.flatMap(({ node, undecided: why }) => (why === undefined ? [] : [{ node, why }]));
  if (now === undefined) return noted;
  const { node, why } = now;
  return [...noted, { why, ...(node === undefined ? {} : { node }) }];
}

function nodesOf(
  { task, programs }: AskingSources,
  revision: Revision,
  records: readonly NodeRecord[],
): readonly PlannedNode[] {
  return knownGraph({ revision, history: { task, ended: endedAmong(records) } }, programs).nodes;
}
