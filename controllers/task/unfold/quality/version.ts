import { isRunNode } from '../../graph/graph.ts';
import type { NodeInputs, RunNode } from '../../graph/graph.ts';
import type { Revision } from '../../revision/revision.ts';
import { endOf } from '../team/ends.ts';
import { memberOf, memberRun } from '../team/member-run.ts';
import type { History, Unfolded } from '../unfold.ts';

/** An answer that gates look at. */
export interface Version {
  /** From 1. */
  number: number;
  /** The node whose agent gave it, with its files. */
  author: RunNode;
  /** The answer itself, where it is not that of the author's run. */
  answer?: string;
  /** Further fields of the result that the work has. */
  details?: Unfolded['details'];
}

/** The first version, when all that is known has ended well. */
export function firstVersion(unfolded: Unfolded, history: Pick<History, 'ended'>): Version | undefined {
  if (unfolded.failure !== undefined || !isComplete(unfolded, history)) return undefined;
  const author =
    unfolded.nodes.find(({ id }) => id === unfolded.author) ??
    unfolded.nodes.findLast((node) => isRunNode(node) && endOf(history, node.id).end === 'succeeded');
  if (author === undefined || !isRunNode(author)) return undefined;
  const { answer, details } = unfolded;
  return {
    ...{ number: 1, author },
    ...(answer === undefined ? {} : { answer }),
    ...(details === undefined ? {} : { details }),
  };
}

function isComplete({ nodes }: Unfolded, history: Pick<History, 'ended'>): boolean {
  return nodes.every(({ id, policy }) => {
    const record = history.ended(id);
    if (record === undefined || record.status === 'CANCELLED') return false;
    return record.status !== 'FAILED' || policy.onFailure === 'Continue';
  });
}

/** How one who looks at a version is told of it. */
export function shown({ author, answer }: Version, words: string): NodeInputs {
  if (answer !== undefined) {
    return { taskPrompt: true, text: `${words}\n\nThe answer:\n${answer}`, results: [] };
  }
  return { taskPrompt: true, text: words, results: [{ from: author.id, label: 'The answer' }] };
}

export interface Correction {
  version: Version;
  guidance: string;
  /** Nodes that have to have ended. */
  needs: readonly string[];
}

/** The author goes on, in its session where it has one, with its files. */
export function correctionRun(
  revision: Revision,
  history: Pick<History, 'ended'>,
  correction: Correction,
): RunNode {
  const { version, guidance, needs } = correction;
  const { author, answer } = version;
  const end = endOf(history, author.id);
  const hasSession = end.end === 'succeeded' && end.hasSession;
  const words = `Your answer was not accepted.${guidance === '' ? '' : `\n${guidance}`}\n\nCorrect your work, and give the whole answer again.`;
  const again: NodeInputs = shown(version, words);
  return {
    ...authorRun(revision, author),
    id: `v${version.number + 1}`,
    needs: [...needs],
    inputs: hasSession && answer === undefined ? { taskPrompt: false, text: words, results: [] } : again,
    workspace: { from: author.id, uses: author.workspace.uses },
    ...(hasSession ? { session: { from: author.id } } : {}),
    policy: { requireConfirmation: false, onFailure: 'FailTask' },
  };
}

/** A leader was held to the form of a decision; the member's own form holds for a whole answer. */
function authorRun(revision: Revision, author: RunNode): RunNode {
  const { on: _, session: __, skip: ___, ...own } = author;
  if (memberOf(revision, author.name) === undefined) return own;
  return memberRun(revision, {
    id: author.id,
    member: author.name,
    needs: [],
    inputs: author.inputs,
    workspace: {},
  });
}
