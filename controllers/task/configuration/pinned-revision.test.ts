import { describe, expect, it } from 'vitest';
import type { Task, TaskSpec } from '#api/types/generated/task';
import type { Team, TeamSpec } from '#api/types/generated/team';
import type { Workspace } from '#api/types/generated/workspace';
import { ready, withReady } from '#api/types/ready';
import { node } from '../graph/made-up.ts';
import type { RevisionContent } from '../revision/revision.ts';
import { makeRevision, taskRevision } from '../revision/task-revision.ts';
import { pinOf, resolvePinned, usedByPinned } from './pinned-revision.ts';
import type { Configuration } from './resolve.ts';

const CONTENT: RevisionContent = {
  teamRef: { name: 'team', namespace: 'shared' },
  mode: 'solo',
  workspace: { ref: { name: 'old', namespace: 'shared' }, gitUrl: 'u', branchName: 'main' },
  placement: { executorSelector: { zone: 'old' } },
  parametersSchema: { type: 'object', properties: { n: { type: 'integer' } } },
  nodes: [node('s0', { model: { ref: { name: 'm', namespace: 'models' } } })],
};
const FOUND = taskRevision('shared', makeRevision(CONTENT));

const taskOf = (more: Partial<TaskSpec> = {}): Task => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Task',
  metadata: { name: 't', namespace: 'mine' },
  spec: { prompt: 'p', teamRef: { name: 'team', namespace: 'shared' }, ...more },
});

function configuration(spec: Partial<TeamSpec> = {}): Configuration {
  const team: Team = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Team',
    metadata: { name: 'team', namespace: 'shared' },
    spec: { members: [], collaborationModel: 'pipeline', revision: FOUND.metadata.name, ...spec },
  };
  const workspace: Workspace = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Workspace',
    metadata: { name: 'new', namespace: 'mine' },
    spec: { repository: { gitUrl: 'v', branchName: 'dev' }, executorSelector: { zone: 'new' } },
    status: withReady(undefined, ready('Valid', ''), { now: '' }),
  };
  return {
    team: ({ name }: { name: string }) => (name === 'team' ? team : undefined),
    workspace: ({ name }: { name: string }) => (name === 'new' ? workspace : undefined),
  } as unknown as Configuration;
}

const PROGRAM_AND_MEMBERS = { teamRef: CONTENT.teamRef, mode: 'solo', nodes: CONTENT.nodes };

describe('a Task of a pinned Team', () => {
  it('asks for the TaskRevision of the namespace of the Team, unless it names one itself', () => {
    expect(pinOf(taskOf(), configuration())).toEqual({ namespace: 'shared', name: FOUND.metadata.name });
    expect(pinOf(taskOf({ revision: 'own' }), configuration())).toBeUndefined();
    expect(pinOf(taskOf({ teamRef: { name: 'gone' } }), configuration())).toBeUndefined();
  });

  it('gets the members and the way to work, without the Workspace and the Executors of another Task', () => {
    expect(resolvePinned(taskOf(), FOUND, configuration())).toEqual({
      outcome: 'resolved',
      content: { ...PROGRAM_AND_MEMBERS, parametersSchema: CONTENT.parametersSchema },
    });
  });

  it('works in its own Workspace, where that and the Team want it now', () => {
    const resolution = resolvePinned(taskOf({ workspaceRef: { name: 'new' } }), FOUND, configuration());
    expect(resolution).toMatchObject({
      outcome: 'resolved',
      content: {
        ...PROGRAM_AND_MEMBERS,
        workspace: { ref: { name: 'new', namespace: 'mine' }, gitUrl: 'v', branchName: 'dev' },
        placement: { executorSelector: { zone: 'new' } },
      },
    });
  });

  const other = taskRevision(
    'shared',
    makeRevision({ ...CONTENT, teamRef: { name: 'x', namespace: 'shared' } }),
  );
  it.each([
    ['a TaskRevision that is gone', taskOf(), undefined, 'waiting', 'WaitingForTeam'],
    ['that of another Team', taskOf(), other, 'waiting', 'WaitingForTeam'],
    ['a Workspace', taskOf({ workspaceRef: { name: 'gone' } }), FOUND, 'waiting', 'WaitingForWorkspace'],
    [
      'parameters of its schema',
      taskOf({ parameters: { n: 'x' } }),
      FOUND,
      'impossible',
      'ParametersInvalid',
    ],
  ])('lacks %s', (_what, task, found, outcome, reason) => {
    expect(resolvePinned(task, found, configuration())).toMatchObject({ outcome, reason });
  });

  it('needs a Workspace when the Team says so', () => {
    expect(resolvePinned(taskOf(), FOUND, configuration({ requiresWorkspace: true }))).toMatchObject({
      reason: 'WorkspaceRequired',
    });
  });

  it('is judged for what it uses, and not for the TaskRevision, which is the own of the Team', () => {
    const used = usedByPinned(taskOf({ workspaceRef: { name: 'new' } }), FOUND);
    expect(used.map(({ type, name }) => `${type.plural} ${name.namespace}/${name.name}`)).toEqual([
      'teams shared/team',
      'workspaces mine/new',
      'models models/m',
    ]);
  });
});
