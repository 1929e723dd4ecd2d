import type { TaskRevision } from '#api/types/generated/task-revision';
import type { Team, TeamStatus } from '#api/types/generated/team';
import { collaborationModelOf } from '#api/types/teams/team';

/** As many names as a column has room for; kubectl shortens lists of endpoints so. */
const SHOWN = 3;

/** For lists of Teams: a column shows one value, and a schema cannot say what a Team means that leaves its mode out. */
export function teamSummary(
  { spec }: Team,
  revision: TaskRevision | undefined,
): Required<Pick<TeamStatus, 'bots' | 'mode'>> {
  const names = [...new Set(spec.members.map(({ botRef }) => botRef.name))];
  const more = names.length - SHOWN;
  const shown = names.slice(0, SHOWN).join(',');
  return {
    mode: revision?.spec.mode ?? collaborationModelOf(spec),
    bots: more > 0 ? `${shown} + ${more} more...` : shown,
  };
}
