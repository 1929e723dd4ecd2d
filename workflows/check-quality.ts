import { judgesIn, qualityProblems } from '#api/types/teams/quality';
import type { Problem } from './problem.ts';
import type { Step } from './workflow.ts';

/** All that is wrong with the quality of a step, but for its placeholders. */
export function stepQualityProblems({ quality, participants = [] }: Step, at: string): Problem[] {
  if (quality === undefined) return [];
  const field = `${at}.quality`;
  const [author, ...others] = participants;
  if (author === undefined) return [];
  if (others.length > 0) {
    return [{ field, message: 'is for the answer of one participant; give each of several a step' }];
  }
  const empty =
    Object.keys(quality).length === 0
      ? [{ field, message: 'at least one of approval, bestOf, evaluate, review and vote is needed' }]
      : [];
  const own = judgesIn(quality)
    .filter(({ name }) => name === author)
    .map((judge) => ({
      field: `${field}${judge.field}`,
      message: `"${author}" cannot judge its own answer`,
    }));
  const wrong = qualityProblems(quality).map((one) => ({
    field: `${field}${one.field}`,
    message: one.message,
  }));
  return [...empty, ...own, ...wrong];
}
