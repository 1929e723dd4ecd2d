import type { TeamSpec } from '#api/types/generated/team';
import {
  judgeNames,
  memberName,
  membersByName,
  teamProblem,
  workingMembers,
} from '#api/types/teams/team-members';
import type { QualityProgram } from '../unfold/quality/program.ts';
import { demandsOf } from '../unfold/quality/demands.ts';
import type { CollaborationModel } from './drafted-plan.ts';

/** The model with the quality that the Team asks for (spec.quality): its members work, and others judge what comes of it. */
export function withQuality(model: CollaborationModel): CollaborationModel {
  return (sources) => {
    const { team } = sources;
    const { quality, ...rest } = team;
    if (quality === undefined) return model(sources);
    const problem = teamProblem(team);
    if (problem !== undefined) return { problem };
    const work = { ...rest, members: workingMembers(team) };
    const draft = model({ ...sources, team: work, judged: team });
    if ('problem' in draft) return draft;
    return {
      ...draft,
      members: { ...draft.members, ...judgesOf(team) },
      program: {
        kind: 'quality',
        ...(draft.program === undefined ? {} : { inner: draft.program }),
        ...demandsOf(quality),
      } satisfies QualityProgram,
    };
  };
}

function judgesOf(team: TeamSpec) {
  const judges = new Set(judgeNames(team.quality));
  return membersByName(team.members.filter((member) => judges.has(memberName(member))));
}
