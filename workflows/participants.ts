import type { TeamMember } from '#api/types/generated/team';
import { judgesIn } from '#api/types/teams/quality';
import type { Problem } from './problem.ts';
import { allSteps } from './workflow.ts';
import type { Step, Workflow } from './workflow.ts';

/** The members that participants name: by name, else by role, else by Bot; one that names several names nobody. */
export function memberNamed(members: readonly TeamMember[], participant: string): TeamMember | undefined {
  const [found, ...more] = membersNamed(members, participant);
  return more.length === 0 ? found : undefined;
}

function membersNamed(members: readonly TeamMember[], participant: string): readonly TeamMember[] {
  const ways = [
    ({ name }: TeamMember) => name,
    ({ role }: TeamMember) => role,
    ({ botRef }: TeamMember) => botRef.name,
  ];
  const found = ways.map((nameOf) => members.filter((member) => nameOf(member) === participant));
  return found.find((some) => some.length > 0) ?? [];
}

interface NamedMember {
  name: string;
  /** Path below the step. */
  field: string;
}

/** Those who do a step, and those who judge what comes of it. */
function membersIn({ participants = [], quality }: Step): NamedMember[] {
  const judges = quality === undefined ? [] : judgesIn(quality);
  return [
    ...participants.map((name, index) => ({ name, field: `.participants[${index}]` })),
    ...judges.map(({ name, field }) => ({ name, field: `.quality${field}` })),
  ];
}

/** All who take part, each once, by the names that the steps have for them. */
export function participantsOf({ steps }: Pick<Workflow, 'steps'>): string[] {
  const names = [...allSteps(steps, '')].flatMap(({ step }) => membersIn(step).map(({ name }) => name));
  return [...new Set(names)];
}

/** Participants that are nobody, or more than one, in the Team. */
export function participantProblems(
  { steps }: Pick<Workflow, 'steps'>,
  members: readonly TeamMember[],
  at: string,
): Problem[] {
  return [...allSteps(steps, `${at}.steps`)].flatMap(({ step, at: place }) =>
    membersIn(step).flatMap(({ name, field }) => {
      const { length } = membersNamed(members, name);
      if (length === 1) return [];
      const message =
        length === 0 ? `no member of the Team is "${name}"` : `${length} members of the Team are "${name}"`;
      return [{ field: `${place}${field}`, message }];
    }),
  );
}
