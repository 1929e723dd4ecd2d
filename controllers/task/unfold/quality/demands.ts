import type { TeamQuality } from '#api/types/generated/team';
import type { Demands, Gate } from './program.ts';

/** The demands of spec.quality of a Team, or of quality of a step of a workflow. */
export function demandsOf(quality: TeamQuality): Demands {
  const { bestOf } = quality;
  return { ...(bestOf === undefined ? {} : { bestOf }), gates: gatesOf(quality) };
}

/** The cheap ones first: what a script refuses, nobody has to read; people come last. */
function gatesOf({ approval, evaluate, review, vote }: TeamQuality): Gate[] {
  return [
    ...(evaluate === undefined ? [] : evaluateGate(evaluate)),
    ...(review === undefined
      ? []
      : [{ kind: 'review', reviewer: review.reviewer, ...limitsOf(review, 2) } as const]),
    ...(vote === undefined
      ? []
      : [
          {
            kind: 'vote',
            voters: vote.voters,
            rule: vote.rule ?? 'Majority',
            tie: vote.tie ?? 'Reject',
            ...limitsOf(vote, 0),
          } as const,
        ]),
    ...(approval === undefined
      ? []
      : [
          {
            kind: 'approval',
            message: approval.message ?? 'Is this answer accepted?',
            ...limitsOf(approval, 2),
          } as const,
        ]),
  ];
}

function evaluateGate(evaluate: NonNullable<TeamQuality['evaluate']>): Gate[] {
  const { judge, script, criteria = [], threshold = 0.7 } = evaluate;
  const limits = { threshold, ...limitsOf(evaluate, 3) };
  if (script !== undefined) return [{ kind: 'script', script, ...limits }];
  if (judge === undefined) return [];
  const weighted = criteria.map(({ name, description, weight = 1 }) =>
    Object.assign({ name, weight }, description === undefined ? {} : { description }),
  );
  return [{ kind: 'evaluate', judge, criteria: weighted, ...limits }];
}

interface Limits {
  maxCorrections?: number;
  onRejected?: 'Fail' | 'Accept';
}

function limitsOf({ maxCorrections, onRejected = 'Fail' }: Limits, corrections: number) {
  return { maxCorrections: maxCorrections ?? corrections, onRejected };
}
