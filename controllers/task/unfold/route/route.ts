import type { PlannedNode, RunNode } from '../../graph/graph.ts';
import type { Revision } from '../../revision/revision.ts';
import type { Program } from '../program.ts';
import { endOf, isInvalidOutput } from '../team/ends.ts';
import { memberRun } from '../team/member-run.ts';
import { presentNames, rosterText } from '../team/roster.ts';
import type { RosterEntry } from '../team/roster.ts';
import type { Unfold, Unfolded, UnfoldInput } from '../unfold.ts';
import { decisionSchema, readDecision } from './decision.ts';
import type { RouteDecision } from './decision.ts';

/** The leader names the member that does the work. */
export interface RouteProgram extends Program {
  kind: 'route';
  leader: string;
  roster: readonly RosterEntry[];
  /** Works when the leader names nobody, or the one that it names fails. */
  fallback?: string;
  /** Whether the leader may edit the answer. */
  editAnswer: boolean;
}

const DECISION = 'route';
const WORK = 'work';
const FALLBACK = 'fallback';
const EDIT = 'edit';

/** The nodes: `route` (the leader decides), `work` (the member), `fallback` (in its place) and `edit` (the leader). */
export const unfoldRoute: Unfold = (input) => {
  const { revision, history } = input;
  const program = revision.program as RouteProgram;
  const names = presentNames(revision, program.roster);
  const nodes: PlannedNode[] = [decisionNode(revision, program, names)];
  const end = endOf(history, DECISION);
  if (end.end === 'open') return { nodes };
  if (end.end === 'failed') {
    if (program.fallback !== undefined) return worked(input, { nodes, member: program.fallback, words: '' });
    // All other failures of the run are told as those of the step.
    return isInvalidOutput(end.why) ? { nodes, failure: `InvalidDecision: ${end.why}` } : { nodes };
  }
  const decision = readDecision(end.output, names);
  if (decision?.member !== undefined) {
    const { member, instructions } = decision;
    return worked(input, { nodes, member, words: instructions, editor: program });
  }
  if (program.fallback === undefined) return { nodes, failure: nobodyChosen(decision) };
  const words = decision?.instructions ?? '';
  return worked(input, { nodes, member: program.fallback, words, editor: program });
};

function nobodyChosen(decision: RouteDecision | undefined): string {
  if (decision === undefined) return 'InvalidDecision: the leader names a member that is not there.';
  return `NobodyChosen: the leader names no member${decision.reason === '' ? '.' : `: ${decision.reason}`}`;
}

function decisionNode(revision: Revision, program: RouteProgram, names: readonly string[]): RunNode {
  const text = [
    'You lead a team. Name the one member that is to answer the request above; you do not answer it yourself.',
    `The members:\n${rosterText(revision, program.roster)}`,
    'If none of them fits, name nobody.',
  ];
  return memberRun(revision, {
    id: DECISION,
    member: program.leader,
    needs: [],
    inputs: { taskPrompt: true, text: text.join('\n\n'), results: [] },
    workspace: {},
    onFailure: program.fallback === undefined ? 'FailTask' : 'Continue',
    outputSchema: decisionSchema(names),
  });
}

interface Work {
  nodes: readonly PlannedNode[];
  member: string;
  /** Of the leader, for the member. */
  words: string;
  /** Absent when the leader is not asked again. */
  editor?: RouteProgram;
}

/** The member works; when it fails, the fallback does; then the leader may edit the answer. */
function worked(input: UnfoldInput, work: Work): Unfolded {
  const { revision, history } = input;
  const { fallback } = revision.program as RouteProgram;
  const hasOther = fallback !== undefined && fallback !== work.member;
  const first = workNode(revision, work, {
    id: WORK,
    need: DECISION,
    onFailure: hasOther ? 'Continue' : 'FailTask',
  });
  const nodes = [...work.nodes, first];
  const end = endOf(history, WORK);
  if (end.end === 'open') return { nodes };
  if (end.end === 'succeeded') return edited(input, { ...work, nodes }, first);
  if (!hasOther) return { nodes };
  const second = workNode(
    revision,
    { ...work, member: fallback },
    { id: FALLBACK, need: WORK, onFailure: 'FailTask' },
  );
  const both = { ...work, nodes: [...nodes, second] };
  return endOf(history, FALLBACK).end === 'succeeded' ? edited(input, both, second) : both;
}

interface Place {
  id: string;
  need: string;
  onFailure: 'FailTask' | 'Continue';
}

function workNode(revision: Revision, { member, words }: Work, { id, need, onFailure }: Place): RunNode {
  return memberRun(revision, {
    id,
    member,
    needs: [need],
    ...(id === FALLBACK ? { on: { [need]: 'failure' } } : {}),
    inputs: { taskPrompt: true, ...(words === '' ? {} : { text: words }), results: [] },
    workspace: { from: DECISION },
    onFailure,
  });
}

/** When the leader cannot, the answer stays as it is. */
function edited(input: UnfoldInput, { nodes, editor }: Work, { id, name }: RunNode): Unfolded {
  if (editor?.editAnswer !== true) return { nodes, author: id };
  const { revision, history } = input;
  const decision = endOf(history, DECISION);
  const hasSession = decision.end === 'succeeded' && decision.hasSession;
  const edit = memberRun(revision, {
    id: EDIT,
    member: editor.leader,
    needs: [DECISION, id],
    inputs: {
      taskPrompt: !hasSession,
      text: `${name} has answered the request. Give the answer as the person who asked is to have it: correct and complete it where needed, else repeat it as it is.`,
      results: [{ from: id, label: `Answer of ${name}` }],
    },
    workspace: { from: hasSession ? DECISION : id },
    ...(hasSession ? { session: { from: DECISION } } : {}),
    onFailure: 'Continue',
  });
  const end = endOf(history, EDIT);
  const answer = end.end === 'succeeded' ? { answer: end.value } : {};
  return { nodes: [...nodes, edit], author: id, ...answer };
}
