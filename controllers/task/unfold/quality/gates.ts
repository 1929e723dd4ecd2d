import type { ApprovalWait, PlannedNode, RunNode, WaitNode } from '../../graph/graph.ts';
import { endOf } from '../team/ends.ts';
import { memberRun } from '../team/member-run.ts';
import { judging } from './judged-work.ts';
import type { JudgedWork } from './judged-work.ts';
import type {
  ApprovalGate,
  Criterion,
  Gate,
  JudgeGate,
  ReviewGate,
  ScriptGate,
  VoteGate,
} from './program.ts';
import {
  OPINION_SCHEMA,
  guidanceOf,
  lostVotes,
  printedScore,
  readOpinion,
  readScores,
  scoresSchema,
  tally,
} from './verdicts.ts';
import type { LostVote, Opinion, Verdict } from './verdicts.ts';
import { shown } from './version.ts';
import type { Version } from './version.ts';

/** A gate in front of one version: its nodes, and its verdict once they have ended. */
export interface GateRun {
  nodes: readonly PlannedNode[];
  verdict?: Verdict;
  /** Why there can be no verdict. */
  failure?: string;
}

/** The nodes are `v<version>-review`, `v<version>-vote-<number>`, `v<version>-evaluate` (a judge), `v<version>-script` and `v<version>-approval`. */
export function gateRun(work: JudgedWork, gate: Gate, version: Version): GateRun {
  switch (gate.kind) {
    case 'review':
      return review(work, gate, version);
    case 'vote':
      return vote(work, gate, version);
    case 'evaluate':
      return evaluate(work, gate, version);
    case 'script':
      return runScript(work, gate, version);
    case 'approval':
      return ask(work, gate, version);
  }
}

const ASK_OPINION =
  'Judge the answer to the request above that follows. Accept it when it does what was asked for, and does it right. Else say what has to be better. Do not do the work yourself.';

interface JudgeDraft {
  id: string;
  member: string;
  words: string;
  outputSchema: Record<string, unknown>;
  onFailure?: 'FailTask' | 'Continue';
}

/** Judges have the files of the author, on branches of their own: what they change there stays with them. */
function judgeRun(work: JudgedWork, version: Version, { words, ...draft }: JudgeDraft): RunNode {
  const node = memberRun(work.revision, {
    ...draft,
    needs: [version.author.id],
    inputs: shown(work.request, version, words),
    workspace: { from: version.author.id, ownBranch: true },
  });
  return judging(work, node);
}

function review(work: JudgedWork, { reviewer }: ReviewGate, version: Version): GateRun {
  const id = work.idOf(`v${version.number}-review`);
  const draft = { id, member: reviewer, words: ASK_OPINION, outputSchema: OPINION_SCHEMA };
  const nodes = [judgeRun(work, version, draft)];
  const end = endOf(work.history, id);
  if (end.end !== 'succeeded') return { nodes };
  const opinion = readOpinion(reviewer, end.output);
  if (opinion === undefined) return { nodes, failure: `InvalidVerdict: ${reviewer} gives no verdict.` };
  return {
    nodes,
    verdict: { accepted: opinion.accepts === true, guidance: opinion.words, opinions: [opinion] },
  };
}

function vote(work: JudgedWork, gate: VoteGate, version: Version): GateRun {
  const nodes: RunNode[] = [];
  const opinions: Opinion[] = [];
  const lost: LostVote[] = [];
  let open = 0;
  for (const [index, voter] of gate.voters.entries()) {
    const id = work.idOf(`v${version.number}-vote-${index + 1}`);
    const draft = { id, member: voter, words: ASK_OPINION, outputSchema: OPINION_SCHEMA };
    nodes.push(judgeRun(work, version, { ...draft, onFailure: 'Continue' }));
    const end = endOf(work.history, id);
    if (end.end === 'open') open += 1;
    const opinion = end.end === 'succeeded' ? readOpinion(voter, end.output) : undefined;
    if (opinion !== undefined) opinions.push(opinion);
    else lost.push({ by: voter, why: end.end === 'failed' ? end.why : 'it gives no opinion' });
  }
  if (open > 0) return { nodes };
  if (2 * opinions.length <= gate.voters.length) {
    const count = `${opinions.length} of ${gate.voters.length} members have voted`;
    return { nodes, failure: `NoQuorum: ${count}${lostVotes(lost)}.` };
  }
  const accepted = tally(opinions, gate);
  return { nodes, verdict: { accepted, guidance: guidanceOf(opinions), opinions } };
}

function evaluate(work: JudgedWork, gate: JudgeGate, version: Version): GateRun {
  const { judge, criteria, threshold } = gate;
  const id = work.idOf(`v${version.number}-evaluate`);
  const words = `Give scores to the answer to the request above that follows. Do not do the work yourself.\nThe criteria:\n${criteria.map(criterionText).join('\n')}`;
  const draft = { id, member: judge, words, outputSchema: scoresSchema(criteria) };
  const nodes = [judgeRun(work, version, draft)];
  const end = endOf(work.history, id);
  if (end.end !== 'succeeded') return { nodes };
  const scored = readScores(judge, end.output, criteria);
  if (scored === undefined) return { nodes, failure: `InvalidVerdict: ${judge} gives no scores.` };
  const { opinion, score } = scored;
  const guidance = `It has a score of ${score}; ${threshold} is needed.${opinion.words === '' ? '' : `\n${opinion.words}`}`;
  return { nodes, verdict: { accepted: score >= threshold, guidance, score, opinions: [opinion] } };
}

const criterionText = ({ name, description }: Criterion): string =>
  description === undefined ? `- ${name}` : `- ${name}: ${description}`;

/** A script that ends with another code than 0 does not accept; one that cannot run at all fails the Task. */
function runScript(work: JudgedWork, gate: ScriptGate, { number, author }: Version): GateRun {
  const id = work.idOf(`v${number}-script`);
  const node: PlannedNode = {
    ...{ id, name: work.titleOf('script'), kind: 'action', action: { script: gate.script } },
    needs: [author.id],
    inputs: { taskPrompt: false, results: [] },
    policy: { requireConfirmation: false, onFailure: 'Continue' },
    workspace: { from: author.id, ownBranch: true, uses: true },
  };
  const nodes = [node];
  const end = endOf(work.history, id);
  if (end.end === 'open') return { nodes };
  if (end.end === 'failed') {
    if (!end.why.startsWith('ActionFailed')) return { nodes, failure: end.why };
    const guidance = `The script that judges it says: ${end.why}`;
    return { nodes, verdict: verdictOf(false, { guidance, score: 0, words: end.why }) };
  }
  const score = printedScore(end.output) ?? 1;
  const guidance = `It has a score of ${score}; ${gate.threshold} is needed.\n${end.value}`;
  return { nodes, verdict: verdictOf(score >= gate.threshold, { guidance, score, words: '' }) };
}

/** People see the beginning of the answer in lists and mails; the status of the Task has all of it. */
const SHOWN_CHARACTERS = 500;

const beginning = (text: string): string =>
  text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS).trimEnd()}…`;

/** A no with words is guidance; when nobody has decided in time, the Task fails. */
function ask(work: JudgedWork, gate: ApprovalGate, { number, author, answer }: Version): GateRun {
  const id = work.idOf(`v${number}-approval`);
  const given = endOf(work.history, author.id);
  const shownAnswer = beginning(answer ?? (given.end === 'succeeded' ? given.value : ''));
  const wait: ApprovalWait = { for: 'approval', message: `${gate.message}\n\n${shownAnswer}`.trimEnd() };
  const node: WaitNode = {
    ...{ id, name: work.titleOf('approval'), kind: 'wait' },
    wait,
    needs: [author.id],
    inputs: { taskPrompt: false, results: [] },
    policy: { requireConfirmation: false, onFailure: 'Continue' },
    workspace: { uses: false },
  };
  const nodes = [node];
  const end = endOf(work.history, id);
  if (end.end === 'open') return { nodes };
  if (end.end === 'succeeded') {
    return {
      nodes,
      verdict: {
        accepted: true,
        guidance: '',
        opinions: [{ by: 'approval', accepts: true, words: end.value }],
      },
    };
  }
  const words = /^Rejected: (.*)$/s.exec(end.why)?.[1];
  if (words === undefined) return { nodes, failure: end.why };
  return {
    nodes,
    verdict: { accepted: false, guidance: words, opinions: [{ by: 'approval', accepts: false, words }] },
  };
}

function verdictOf(
  accepted: boolean,
  { guidance, score, words }: { guidance: string; score: number; words: string },
): Verdict {
  return { accepted, guidance, score, opinions: [{ by: 'script', accepts: accepted, words }] };
}
