import { fieldsOf } from '#api/machinery/json/json';
import { prefixedNodeId } from '#workflows/node-id';
import type { GraphNode, NeededEnd, PlannedNode } from '../../graph/graph.ts';
import { readRecords } from '../../node-record.ts';
import { answerSchema } from '../team/answer-schema.ts';
import { endOf } from '../team/ends.ts';
import { memberRun } from '../team/member-run.ts';
import type { History, Unfold, Unfolded, UnfoldInput } from '../unfold.ts';
import { judging } from './judged-work.ts';
import type { JudgedWork } from './judged-work.ts';
import type { BestOf } from './program.ts';
import { lostVotes } from './verdicts.ts';
import type { LostVote } from './verdicts.ts';
import { firstVersion } from './version.ts';
import type { Version } from './version.ts';

/** The result of the choice between candidates. */
export interface Choice {
  nodes: readonly PlannedNode[];
  failure?: string;
  heeded?: ReadonlySet<string>;
  /** The chosen candidate. */
  version?: Version;
  /** Stands in the result of the Task. */
  details?: { choice: number; votes: readonly { by: string; choice: number; words: string }[] };
}

/** The work, done once of several times. */
export interface Candidate {
  /** From 1. */
  number: number;
  nodes: readonly PlannedNode[];
  isOver: boolean;
  heeded?: ReadonlySet<string>;
  /** Undefined for one that failed. */
  version: Version | undefined;
}

/** The work is done several times, side by side; then members choose: `choice-1`, `choice-2`. `candidateOf` gets numbers from 1. */
export function chooseBest(
  work: JudgedWork,
  bestOf: BestOf,
  candidateOf: (number: number) => Candidate,
): Choice {
  const candidates = Array.from({ length: bestOf.candidates }, (_, index) => candidateOf(index + 1));
  const heeded = new Set(candidates.flatMap((one) => [...(one.heeded ?? [])]));
  return { ...choiceBetween(work, bestOf, candidates), ...(heeded.size === 0 ? {} : { heeded }) };
}

function choiceBetween(work: JudgedWork, bestOf: BestOf, candidates: readonly Candidate[]): Choice {
  const nodes = candidates.flatMap((one) => one.nodes);
  if (candidates.some(({ isOver }) => !isOver)) return { nodes };
  const good = candidates.filter(({ version }) => version !== undefined);
  const [first] = good;
  if (first === undefined) return { nodes, failure: 'NoCandidate: the runs of all candidates failed.' };
  if (good.length === 1) return chosen(first, { nodes, votes: [] });
  return vote(work, { bestOf, nodes, good, first });
}

function chosen(
  { number, version }: Candidate,
  { nodes, votes }: { nodes: readonly PlannedNode[]; votes: Vote[] },
): Choice {
  return { nodes, ...(version === undefined ? {} : { version }), details: { choice: number, votes } };
}

interface Vote {
  by: string;
  choice: number;
  words: string;
}

interface Poll {
  bestOf: BestOf;
  nodes: readonly PlannedNode[];
  /** Those that can be chosen. */
  good: readonly Candidate[];
  first: Candidate;
}

function vote(work: JudgedWork, { bestOf, nodes, good, first }: Poll): Choice {
  const polls = bestOf.choosers.map((chooser, index) =>
    ballot(work, good, { chooser, id: work.idOf(`choice-${index + 1}`) }),
  );
  const all = [...nodes, ...polls];
  const votes: Vote[] = [];
  const lost: LostVote[] = [];
  for (const [index, { id }] of polls.entries()) {
    const end = endOf(work.history, id);
    if (end.end === 'open') return { nodes: all };
    const by = bestOf.choosers[index] ?? '';
    const read = end.end === 'succeeded' ? readChoice(end.output, good) : undefined;
    if (read !== undefined) votes.push({ by, ...read });
    else lost.push({ by, why: end.end === 'failed' ? end.why : 'it names no candidate' });
  }
  if (votes.length === 0) {
    return { nodes: all, failure: `NoChoice: nobody has chosen a candidate${lostVotes(lost)}.` };
  }
  const count = ({ number }: Candidate): number => votes.filter(({ choice }) => choice === number).length;
  const best = good.reduce((before, one) => (count(one) > count(before) ? one : before), first);
  return chosen(best, { nodes: all, votes });
}

function ballot(
  work: JudgedWork,
  good: readonly Candidate[],
  { chooser, id }: { chooser: string; id: string },
) {
  const versions = good.flatMap(({ number, version }) =>
    version === undefined ? [] : [{ number, version }],
  );
  const told = versions.flatMap(({ number, version: { answer } }) =>
    answer === undefined ? [] : [`Candidate ${number}:\n${answer}`],
  );
  const { request } = work;
  const words = ['Choose the best of the answers to the request above that follow.', ...told].join('\n\n');
  const node = memberRun(work.revision, {
    id,
    member: chooser,
    needs: versions.map(({ version }) => version.author.id),
    inputs: {
      ...request,
      text: request.text === undefined ? words : `${request.text}\n\n${words}`,
      results: [
        ...request.results,
        ...versions.flatMap(({ number, version: { answer, author } }) =>
          answer === undefined ? [{ from: author.id, label: `Candidate ${number}` }] : [],
        ),
      ],
    },
    workspace: { ownBranch: true },
    onFailure: 'Continue',
    outputSchema: choiceSchema(versions.map(({ number }) => number)),
  });
  return judging(work, node);
}

function choiceSchema(numbers: readonly number[]): Record<string, unknown> {
  return answerSchema({
    choice: { type: 'integer', enum: numbers },
    reason: { type: 'string', description: 'One sentence: why this one.' },
  });
}

function readChoice(output: unknown, good: readonly Candidate[]): Omit<Vote, 'by'> | undefined {
  const { choice, reason } = fieldsOf(output);
  const found = good.find(({ number }) => number === choice);
  return found && { choice: found.number, words: typeof reason === 'string' ? reason : '' };
}

/** The whole work of a Task: `c1-...`, `c2-...`. One that fails does not fail the Task. */
export function taskCandidate(input: UnfoldInput, number: number, unfoldWork: Unfold): Candidate {
  const prefix = `c${number}-`;
  const { task, ended } = input.history;
  const written = new Set(readRecords(task.status).map(({ node }) => node));
  const history: History = {
    task,
    ended: (id) => ended(prefixedNodeId(prefix, id)),
    isKnown: (id) => written.has(prefixedNodeId(prefix, id)),
  };
  const unfolded = unfoldWork({ ...input, history });
  const copy = renamed(unfolded, prefix);
  return {
    number,
    nodes: copy.nodes,
    ...(copy.heeded === undefined ? {} : { heeded: copy.heeded }),
    isOver:
      unfolded.failure !== undefined || unfolded.nodes.every(({ id }) => history.ended(id) !== undefined),
    version: hasFailed(unfolded, history) ? undefined : firstVersion(copy, input.history),
  };
}

function hasFailed({ nodes }: Unfolded, { ended }: History): boolean {
  return nodes.some(({ id, policy }) => ended(id)?.status === 'FAILED' && policy.onFailure === 'FailTask');
}

/** With other ids, and each failure for this candidate alone: what needs a failed node is skipped. */
function renamed({ author, outcome, heeded, nodes, ...rest }: Unfolded, prefix: string): Unfolded {
  const mustNotFail = new Set(
    nodes.filter(({ policy }) => policy.onFailure === 'FailTask').map(({ id }) => id),
  );
  const name = (id: string): string => prefixedNodeId(prefix, id);
  return {
    ...rest,
    ...(author === undefined ? {} : { author: name(author) }),
    ...(outcome === undefined ? {} : { outcome: name(outcome) }),
    ...(heeded === undefined ? {} : { heeded: new Set([...heeded].map(name)) }),
    nodes: nodes.map((node): PlannedNode => Object.assign({}, node, copiedLinks(node, name, mustNotFail))),
  };
}

function copiedLinks(
  { id, needs, on = {}, inputs, workspace, session, policy }: PlannedNode,
  name: (id: string) => string,
  mustNotFail: ReadonlySet<string>,
): Pick<GraphNode, 'id' | 'needs' | 'on' | 'inputs' | 'session' | 'workspace' | 'policy'> {
  const ends = needs.flatMap((need): [string, NeededEnd][] => {
    const end = on[need] ?? (mustNotFail.has(need) ? 'success' : undefined);
    return end === undefined ? [] : [[name(need), end]];
  });
  return {
    id: name(id),
    needs: needs.map(name),
    on: Object.fromEntries(ends),
    inputs: { ...inputs, results: inputs.results.map(({ from, label }) => ({ from: name(from), label })) },
    workspace: { ...workspace, ...(workspace.from === undefined ? {} : { from: name(workspace.from) }) },
    ...(session === undefined ? {} : { session: { from: name(session.from) } }),
    policy: { ...policy, onFailure: 'Continue' },
  };
}
