import type { NodeInputs, RunNode } from '../../graph/graph.ts';
import { memberOf, memberRun } from '../team/member-run.ts';
import type { Revision } from '../../revision/revision.ts';
import type { History, UnfoldInput } from '../unfold.ts';

/** The work that is judged: that of a whole Task, or of one step of a workflow. */
export interface JudgedWork {
  /** Who judges is among the members. */
  revision: Pick<Revision, 'members'>;
  history: Pick<History, 'ended'>;
  /** The id of a node of this layer, by its name among those of this work: `v2`, `v1-review`, `choice-1`. */
  idOf: (name: string) => string;
  /** How people know a node of this layer, by its member or its kind. */
  titleOf: (name: string) => string;
  /** The request that the work answers, for those who judge. */
  request: NodeInputs;
  /** A run of the author once more; its id, its needs and its words are those of the first one. */
  again: (author: RunNode) => RunNode;
}

/** The work of a whole Task. */
export function taskWork(input: UnfoldInput): JudgedWork {
  return {
    ...input,
    idOf: (name) => name,
    titleOf: (name) => name,
    request: { taskPrompt: true, results: [] },
    again: (author) => memberAgain(input, author),
  };
}

/** A run of a member who judges, as people know it. */
export function judging({ titleOf }: JudgedWork, run: RunNode): RunNode {
  const title = titleOf(run.name);
  const judge = { ...run, judges: true as const };
  return title === run.name ? judge : { ...judge, name: title, member: run.name };
}

/** The run without the conditions under which it came up. */
export function ownRun(author: RunNode): RunNode {
  const { on: _, session: __, skip: ___, ...own } = author;
  return own;
}

/** A leader was held to the form of a decision; the member's own form holds for a whole answer. */
function memberAgain({ revision }: UnfoldInput, author: RunNode): RunNode {
  // A step of a workflow has a form of its own, and may be called as a member is.
  if (author.member !== undefined || memberOf(revision, author.name) === undefined) return ownRun(author);
  return memberRun(revision, {
    id: author.id,
    member: author.name,
    needs: [],
    inputs: author.inputs,
    workspace: {},
  });
}
