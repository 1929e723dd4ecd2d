import type { TeamQuality } from '../generated/team.ts';

/** How good an answer has to be, as Teams and steps of workflows say it (spec.quality of a Team); pure. */

/** Something wrong with such a block. */
export interface QualityProblem {
  /** Path below the block, such as `.evaluate.criteria`. */
  field: string;
  /** The rest of the sentence. */
  message: string;
}

/** A member that judges, and the path below the block at which it is named. */
export interface NamedJudge {
  name: string;
  field: string;
}

export function judgesIn({ bestOf, evaluate, review, vote }: TeamQuality): NamedJudge[] {
  const listed = (names: readonly string[], field: string): NamedJudge[] =>
    names.map((name, index) => ({ name, field: `${field}[${index}]` }));
  return [
    ...listed(bestOf?.choosers ?? [], '.bestOf.choosers'),
    ...(evaluate?.judge === undefined ? [] : [{ name: evaluate.judge, field: '.evaluate.judge' }]),
    ...(review === undefined ? [] : [{ name: review.reviewer, field: '.review.reviewer' }]),
    ...listed(vote?.voters ?? [], '.vote.voters'),
  ];
}

/** The mistakes in a block, whoever the members are. */
export function qualityProblems({ evaluate }: TeamQuality): QualityProblem[] {
  if (evaluate === undefined) return [];
  const { judge, script, criteria = [] } = evaluate;
  if ((judge === undefined) === (script === undefined)) {
    return [{ field: '.evaluate', message: 'either a judge or a script is needed' }];
  }
  if (judge === undefined || criteria.some(({ weight = 1 }) => weight > 0)) return [];
  return [{ field: '.evaluate.criteria', message: 'the judge needs one that counts' }];
}
