import { isJsonObject } from '#api/machinery/json/json';
import { answerSchema } from '../team/answer-schema.ts';
import type { Criterion, VoteGate } from './program.ts';

/** The judgement of a gate on an answer. */
export interface Verdict {
  accepted: boolean;
  /** Words for the one who gave the answer. */
  guidance: string;
  /** From 0 to 1, where scores are given. */
  score?: number;
  /** The words of each judge; they stand in the result of the Task. */
  opinions: readonly Opinion[];
}

export interface Opinion {
  /** Name of the member, or `script`. */
  by: string;
  accepts?: boolean;
  scores?: Record<string, number>;
  words: string;
}

/** Scores of a judge are whole numbers from 0 to this. */
const FULL_SCORE = 10;

/** The answer of a reviewer or voter. */
export const OPINION_SCHEMA = answerSchema({
  accept: { type: 'boolean' },
  guidance: { type: 'string', description: 'What has to be better, and how; empty when you accept.' },
});

/** @returns undefined for what is no opinion */
export function readOpinion(by: string, output: unknown): Opinion | undefined {
  if (!isJsonObject(output) || typeof output['accept'] !== 'boolean') return undefined;
  const { accept, guidance } = output;
  return { by, accepts: accept, words: typeof guidance === 'string' ? guidance.trim() : '' };
}

export function scoresSchema(criteria: readonly Criterion[]): Record<string, unknown> {
  const score = ({ name, description }: Criterion): [string, object] => [
    name,
    {
      type: 'integer',
      description: `${description === undefined ? '' : `${description} `}0 = not at all, ${FULL_SCORE} = completely.`,
    },
  ];
  return answerSchema({
    scores: answerSchema(Object.fromEntries(criteria.map(score))),
    guidance: { type: 'string', description: 'What has to be better, and how; empty when nothing has to.' },
  });
}

/** The scores of a judge as its opinion. @returns undefined for what are no scores */
export function readScores(
  by: string,
  output: unknown,
  criteria: readonly Criterion[],
): { opinion: Opinion; score: number } | undefined {
  if (!isJsonObject(output) || !isJsonObject(output['scores'])) return undefined;
  const { scores: given, guidance } = output;
  const scores: [string, number][] = [];
  for (const { name } of criteria) {
    const score: unknown = Object.hasOwn(given, name) ? given[name] : undefined;
    if (typeof score !== 'number') return undefined;
    scores.push([name, Math.min(FULL_SCORE, Math.max(0, score))]);
  }
  const weights = criteria.reduce((sum, { weight }) => sum + weight, 0);
  const sum = scores.reduce((total, [, score], index) => total + score * (criteria[index]?.weight ?? 0), 0);
  const words = typeof guidance === 'string' ? guidance.trim() : '';
  return {
    opinion: { by, scores: Object.fromEntries(scores), words },
    score: rounded(sum / weights / FULL_SCORE),
  };
}

/** Those who could not vote do not count. */
export function tally(opinions: readonly Opinion[], { rule, tie }: Pick<VoteGate, 'rule' | 'tie'>): boolean {
  const yes = opinions.filter(({ accepts }) => accepts === true).length;
  const no = opinions.length - yes;
  if (rule === 'Unanimity') return yes > 0 && no === 0;
  return yes === no ? tie === 'Accept' : yes > no;
}

/** The words of those who do not accept. */
export function guidanceOf(opinions: readonly Opinion[]): string {
  return opinions
    .filter(({ accepts, words }) => accepts !== true && words !== '')
    .map(({ by, words }) => `${by}: ${words}`)
    .join('\n');
}

/** A member who should have voted, and has not. */
export interface LostVote {
  by: string;
  /** `Reason: message`, or a few words. */
  why: string;
}

/** Why votes are missing, as an end of a sentence: ` (ann: TimedOut: ...; ben: ...)`; empty where none is. */
export function lostVotes(lost: readonly LostVote[]): string {
  if (lost.length === 0) return '';
  return ` (${lost.map(({ by, why }) => `${by}: ${why.replace(/\.$/, '')}`).join('; ')})`;
}

/** A score that a script prints as `{"score": 0.8}`; undefined where it prints none. */
export function printedScore(output: unknown): number | undefined {
  if (!isJsonObject(output) || typeof output['score'] !== 'number') return undefined;
  return rounded(Math.min(1, Math.max(0, output['score'])));
}

/** Means of whole numbers have no end in binary. */
const rounded = (score: number): number => Math.round(score * 1000) / 1000;
