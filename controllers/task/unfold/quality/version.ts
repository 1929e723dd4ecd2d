import { isRunNode } from '../../graph/graph.ts';
import type { NodeInputs, RunNode } from '../../graph/graph.ts';
import { endOf } from '../team/ends.ts';
import type { History, Unfolded } from '../unfold.ts';
import type { JudgedWork } from './judged-work.ts';

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
  const { outcome } = unfolded;
  const author =
    unfolded.nodes.find(({ id }) => id === (outcome ?? unfolded.author)) ??
    unfolded.nodes.findLast((node) => isRunNode(node) && endOf(history, node.id).end === 'succeeded');
  if (author === undefined || !isRunNode(author)) return undefined;
  const { answer, details } = unfolded;
  return {
    ...{ number: 1, author },
    ...(answer === undefined || outcome !== undefined ? {} : { answer }),
    ...(details === undefined ? {} : { details }),
  };
}

export function isComplete({ nodes }: Unfolded, history: Pick<History, 'ended'>): boolean {
  return nodes.every(({ id, policy }) => {
    const record = history.ended(id);
    if (record === undefined || record.status === 'CANCELLED') return false;
    return record.status !== 'FAILED' || policy.onFailure === 'Continue';
  });
}

/** How one who looks at a version is told of it. */
export function shown(request: NodeInputs, { author, answer }: Version, words: string): NodeInputs {
  const { text, results } = request;
  const told = text === undefined ? words : `${text}\n\n${words}`;
  if (answer !== undefined) return { ...request, text: `${told}\n\nThe answer:\n${answer}` };
  return { ...request, text: told, results: [...results, { from: author.id, label: 'The answer' }] };
}

export interface Correction {
  version: Version;
  guidance: string;
  /** Nodes that have to have ended. */
  needs: readonly string[];
}

/** The author goes on, in its session where it has one, with its files. */
export function correctionRun(work: JudgedWork, { version, guidance, needs }: Correction): RunNode {
  const { author, answer } = version;
  const end = endOf(work.history, author.id);
  const hasSession = end.end === 'succeeded' && end.hasSession;
  const words = `Your answer was not accepted.${guidance === '' ? '' : `\n${guidance}`}\n\nCorrect your work, and give the whole answer again.`;
  const again: NodeInputs = shown(work.request, version, words);
  return {
    ...work.again(author),
    id: work.idOf(`v${version.number + 1}`),
    needs: [...needs],
    inputs: hasSession && answer === undefined ? { taskPrompt: false, text: words, results: [] } : again,
    workspace: { from: author.id, uses: author.workspace.uses },
    ...(hasSession ? { session: { from: author.id } } : {}),
    policy: { ...author.policy, requireConfirmation: false, onFailure: 'FailTask' },
  };
}
