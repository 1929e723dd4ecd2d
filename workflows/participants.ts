import type { TeamMember } from '#api/types/generated/team';
import type { Problem } from './problem.ts';
import { allSteps } from './workflow.ts';
import type { Workflow } from './workflow.ts';

/** By name, else by role, else by Bot. */
function membersNamed(members: readonly TeamMember[], participant: string): readonly TeamMember[] {
  const ways = [
    ({ name }: TeamMember) => name,
    ({ role }: TeamMember) => role,
    ({ botRef }: TeamMember) => botRef.name,
  ];
  const found = ways.map((nameOf) => members.filter((member) => nameOf(member) === participant));
  return found.find((some) => some.length > 0) ?? [];
}

/** Participants that are nobody, or more than one, in the Team. */
export function participantProblems(
  { steps }: Pick<Workflow, 'steps'>,
  members: readonly TeamMember[],
  at: string,
): Problem[] {
  return [...allSteps(steps, `${at}.steps`)].flatMap(({ step, at: place }) =>
    (step.participants ?? []).flatMap((name, index) => {
      const { length } = membersNamed(members, name);
      if (length === 1) return [];
      const message =
        length === 0 ? `no member of the Team is "${name}"` : `${length} members of the Team are "${name}"`;
      return [{ field: `${place}.participants[${index}]`, message }];
    }),
  );
}
