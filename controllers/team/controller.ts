import { BOTS, COLLABORATIONS, TASK_REVISIONS, TEAMS } from '#api/types/resources';
import { pinnedRevision } from '#api/types/tasks/task-revision';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, referrersTo } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { memberBotKey, teamCollaborationKey, teamReconciler } from './reconciler.ts';

/** Watches Teams, their members' Bots, their Collaborations and the TaskRevisions that they are pinned to. `supported` are the collaboration models that Tasks are carried out with. */
export function teamController(context: ControllerContext, supported: readonly string[]): Runnable {
  const { client, informers, clock, logger, meter, recorder } = context;
  const teams = informers.of(TEAMS);
  const bots = informers.of(BOTS);
  const collaborations = informers.of(COLLABORATIONS);
  const revisions = informers.of(TASK_REVISIONS);
  teams.addIndex('team:pin', pinnedRevision);
  teams.addIndex('team:bots', (team) => team.spec.members.map((member) => memberBotKey(team, member)));
  teams.addIndex('team:collaboration', (team) => [teamCollaborationKey(team) ?? []].flat());
  return createController({
    name: 'team',
    client,
    reconcile: teamReconciler({
      teams,
      bots,
      collaborations,
      revisions,
      supported,
      clock,
      troubles: createTroubles({ recorder: recorder('team-controller'), clock }),
    }),
    failures: { find: (key) => teams.get(key), recorder: recorder('team-controller') },
    sources: [
      objects(teams),
      referrersTo(bots, teams, 'team:bots'),
      referrersTo(collaborations, teams, 'team:collaboration'),
      referrersTo(revisions, teams, 'team:pin'),
    ],
    clock,
    logger,
    meter,
  });
}
