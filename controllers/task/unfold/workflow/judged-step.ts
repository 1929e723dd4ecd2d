import type { CollaborationStepQuality } from '#api/types/generated/collaboration';
import { nodeId, pathOf } from '#workflows/node-id';
import type { StepQuality, StepResult } from '#workflows/variables';
import { workerOf } from '../../graph/graph.ts';
import type { PlannedNode, RunNode } from '../../graph/graph.ts';
import type { RevisionMember } from '../../revision/revision.ts';
import { chooseBest } from '../quality/candidates.ts';
import type { Candidate } from '../quality/candidates.ts';
import { demandsOf } from '../quality/demands.ts';
import { judgementsIn, passGates } from '../quality/gate-course.ts';
import type { Judgement } from '../quality/gate-course.ts';
import { ownRun } from '../quality/judged-work.ts';
import type { JudgedWork } from '../quality/judged-work.ts';
import type { Demands } from '../quality/program.ts';
import { firstVersion } from '../quality/version.ts';
import type { History, Unfolded } from '../unfold.ts';
import { failureOf, resultOf } from './node-results.ts';
import { ended } from './progress.ts';
import { rendered, valuesIn } from './scope.ts';
import type { PlacedStep } from './step-nodes.ts';

/** A run of a step, and how good its answer has to be. */
export interface JudgedRun {
  placed: PlacedStep;
  run: RunNode;
  quality: CollaborationStepQuality;
  members: Readonly<Record<string, RevisionMember>>;
  history: Pick<History, 'ended'>;
}

/** How far the step has come. */
export interface JudgedProgress {
  nodes: readonly PlannedNode[];
  /** The id of the run whose answer and files are those of the step; undefined while several are candidates. */
  author: string | undefined;
  /** Once it is over. */
  result?: StepResult;
  heeded: ReadonlySet<string>;
  judgements: readonly Judgement[];
}

/**
 * The step is done, several times where one of them is chosen, and its answer passes the gates: the layer that a whole Task
 * has by spec.quality of its Team, around one run. The workflow decides about its failure.
 */
export function judgedStep(judged: JudgedRun): JudgedProgress {
  const { run, history } = judged;
  const unfolded = unfoldStep(judged);
  const { nodes, heeded = new Set(), details } = unfolded;
  const author = unfolded.author ?? nodes.find(({ id }) => id === run.id)?.id;
  const judgements = judgementsIn(details);
  const failure = failureIn(unfolded, history);
  const isOver = failure !== undefined || nodes.every(({ id }) => history.ended(id) !== undefined);
  const progress = { nodes: nodes.map(unguarded), author, heeded, judgements };
  if (!isOver) return progress;
  const record = author === undefined ? undefined : history.ended(author);
  const answer = record === undefined ? ended('Succeeded') : resultOf(record);
  const quality = qualityOf(judgements, failure === undefined);
  return { ...progress, result: { ...answer, ...failure, quality } };
}

function unfoldStep(judged: JudgedRun): Unfolded {
  const { run, history } = judged;
  const work = stepWork(judged);
  const { bestOf, gates } = demands(judged);
  if (bestOf !== undefined) {
    const candidateOf = (number: number): Candidate => stepCandidate(work, run, number);
    return passGates(work, gates, chooseBest(work, bestOf, candidateOf));
  }
  const unfolded = { nodes: [guarded(run)] };
  const version = firstVersion(unfolded, history);
  return version === undefined ? unfolded : passGates(work, gates, { ...unfolded, version });
}

/** The question to people has placeholders. */
function demands({ placed: { scope }, quality }: JudgedRun): Demands {
  const { approval } = quality;
  if (approval?.message === undefined) return demandsOf(quality);
  const message = rendered(approval.message, valuesIn(scope));
  return demandsOf({ ...quality, approval: { ...approval, message } });
}

function stepWork({ placed: { step, scope, path }, run, members, history }: JudgedRun): JudgedWork {
  return {
    ...{ revision: { members }, history },
    idOf: (name) => nodeId(step.name, path.judged(name)),
    titleOf: (name) => `${step.name}: ${name}${scope.suffix}`,
    request: run.inputs,
    again: ownRun,
  };
}

/** Side by side, so each on a branch of its own. */
function stepCandidate(work: JudgedWork, run: RunNode, number: number): Candidate {
  const { uses } = run.workspace;
  const author: RunNode = {
    ...run,
    id: work.idOf(`c${number}`),
    name: `${run.name}, candidate ${number}`,
    workspace: { ...run.workspace, ...(uses ? { ownBranch: true } : {}) },
  };
  const record = work.history.ended(author.id);
  return {
    number,
    nodes: [author],
    isOver: record !== undefined,
    version: record?.status === 'COMPLETED' ? { number: 1, author } : undefined,
  };
}

/** The layer knows by the policy which runs it cannot do without. */
const guarded = (node: RunNode): RunNode => ({ ...node, policy: { ...node.policy, onFailure: 'FailTask' } });

/** The workflow decides what follows from a failure. */
function unguarded(node: PlannedNode): PlannedNode {
  return Object.assign({}, node, { policy: { ...node.policy, onFailure: 'Continue' as const } });
}

/** Why the step has failed: a run that it cannot do without, or what judges have said. */
function failureIn(
  { nodes, failure }: Unfolded,
  { ended }: JudgedRun['history'],
): Pick<StepResult, 'message' | 'reason' | 'status'> | undefined {
  if (failure !== undefined) return whyFailed(failureOf(failure));
  for (const node of nodes) {
    const record = ended(node.id);
    if (record === undefined || record.status === 'COMPLETED' || node.policy.onFailure === 'Continue')
      continue;
    const why = whyFailed(resultOf(record));
    return { ...why, message: `${judgeIn(node)}${why.message}` };
  }
  return undefined;
}

/** Whose failure it is, before the words about it; empty where it is the author's. */
function judgeIn(node: PlannedNode): string {
  const kind = /v\d+(review|evaluate)$/.exec(pathOf(node.id))?.[1];
  const by = workerOf(node);
  if (kind === undefined || by === undefined) return '';
  return `the ${kind === 'review' ? 'review' : 'evaluation'} by "${by}": `;
}

/** The answer itself stays, whatever was said of it. */
const whyFailed = ({ status, reason, message }: StepResult) => ({ status, reason, message });

function qualityOf(judgements: readonly Judgement[], hasSucceeded: boolean): StepQuality {
  const rounds = judgements.reduce((most, { version }) => Math.max(most, version), 1);
  const last = judgements.filter(({ version }) => version === rounds);
  const score = last.findLast((one) => one.score !== undefined)?.score;
  const choice = judgements.find((one) => one.choice !== undefined)?.choice;
  return {
    accepted: hasSucceeded && last.every(({ accepted }) => accepted !== false),
    rounds,
    ...(score === undefined ? {} : { score }),
    ...(choice === undefined ? {} : { choice }),
    judgements,
  };
}
