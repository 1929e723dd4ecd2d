import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import type { Collaboration } from '#api/types/generated/collaboration';
import type { Bot } from '#api/types/generated/bot';
import type { TaskRevision } from '#api/types/generated/task-revision';
import type { Team, TeamMember } from '#api/types/generated/team';
import { withReady } from '#api/types/ready';
import { TEAMS } from '#api/types/resources';
import { pinnedRevision } from '#api/types/tasks/task-revision';
import type { Reconcile } from '../runtime/controller.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { planTeam } from './plan.ts';
import { teamSummary } from './summary.ts';

export interface TeamReconcilerOptions {
  teams: { get(key: string): Team | undefined };
  bots: { get(key: string): Bot | undefined };
  collaborations: { get(key: string): Collaboration | undefined };
  revisions: { get(key: string): TaskRevision | undefined };
  /** Collaboration models that Tasks are carried out with. */
  supported: readonly string[];
  troubles: Troubles;
  clock: Clock;
}

/** Says in its status whether a Team can be used. */
export function teamReconciler(options: TeamReconcilerOptions): Reconcile<Pick<Client, 'updateStatus'>> {
  const { teams, bots, collaborations, revisions, supported, troubles, clock } = options;
  return async (key, { client }) => {
    const team = teams.get(key);
    if (team === undefined || team.metadata.deletionTimestamp !== undefined) {
      troubles.follow(key, undefined);
      return;
    }
    const at = { now: formatTime(clock.now()), generation: team.metadata.generation };
    const botOf = (member: TeamMember): Bot | undefined => bots.get(memberBotKey(team, member));
    const collaborationKey = teamCollaborationKey(team);
    const collaboration = collaborationKey === undefined ? undefined : collaborations.get(collaborationKey);
    const revision = revisions.get(pinnedRevision(team)[0] ?? '');
    const condition = planTeam(team, { botOf, collaboration, revision, supported });
    const status = withReady({ ...team.status, ...teamSummary(team, revision) }, condition, at);
    troubles.follow(key, await writeStatus(client, TEAMS, { object: team, status }));
  };
}

/** The key of a member's Bot, in the Team's namespace unless the reference names one. */
export function memberBotKey(team: Team, { botRef }: TeamMember): string {
  return objectKey({ namespace: botRef.namespace ?? team.metadata.namespace, name: botRef.name });
}

/** The key of the Collaboration of a Team that has one. */
export function teamCollaborationKey({ metadata, spec }: Team): string | undefined {
  const { collaborationRef: ref } = spec;
  if (ref === undefined) return undefined;
  return objectKey({ namespace: ref.namespace ?? metadata.namespace, name: ref.name });
}
