import type { TeamQuality, TeamSpec } from '#api/types/generated/team';
import { judgeNames, memberName, membersByName, teamProblem, workingMembers } from '#api/types/team-members';
import type { Gate, QualityProgram } from '../unfold/quality/program.ts';
import type { CollaborationModel } from './drafted-plan.ts';

/** The model with the quality that the Team asks for (spec.quality): its members work, and others judge what comes of it. */
export function withQuality(model: CollaborationModel): CollaborationModel {
  return (sources) => {
    const { team } = sources;
    const { quality, ...rest } = team;
    if (quality === undefined) return model(sources);
    const problem = teamProblem(team);
    if (problem !== undefined) return { problem };
    const draft = model({ ...sources, team: { ...rest, members: workingMembers(team) } });
    if ('problem' in draft) return draft;
    return {
      ...draft,
      members: { ...draft.members, ...judgesOf(team) },
      program: {
        kind: 'quality',
        ...(draft.program === undefined ? {} : { inner: draft.program }),
        ...(quality.bestOf === undefined ? {} : { bestOf: quality.bestOf }),
        gates: gatesOf(quality),
      } satisfies QualityProgram,
    };
  };
}

function judgesOf(team: TeamSpec) {
  const judges = new Set(judgeNames(team.quality));
  return membersByName(team.members.filter((member) => judges.has(memberName(member))));
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
