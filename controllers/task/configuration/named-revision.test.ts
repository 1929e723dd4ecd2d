import { describe, expect, it } from 'vitest';
import type { Task } from '#api/types/generated/task';
import { node } from '../graph/made-up.ts';
import { makeRevision, taskRevision } from '../revision/task-revision.ts';
import { resolveNamed, usedByRevision } from './named-revision.ts';

const CONTENT = {
  teamRef: { name: 'team', namespace: 'default' },
  mode: 'solo',
  workspace: { ref: { name: 'w', namespace: 'shared' }, gitUrl: 'u', branchName: 'main' },
  nodes: [
    node('s0', {
      agent: {
        botName: 'b',
        ghostRef: { name: 'g', namespace: 'shared' },
        mcpServers: { search: { serverRef: { name: 'm', namespace: 'tools' } }, own: { url: 'u' } },
        skills: [{ name: 'pdf', namespace: 'skills', contentHash: 'sha256:0' }],
      },
      model: { ref: { name: 'model' } },
    }),
  ],
};
const FOUND = taskRevision('default', makeRevision(CONTENT));

const taskOf = (team: string): Task => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Task',
  metadata: { name: 't', namespace: 'default' },
  spec: { prompt: 'p', teamRef: { name: team }, revision: FOUND.metadata.name },
});

describe('a Task that names a TaskRevision', () => {
  it('gets its content, under the same name', () => {
    const resolution = resolveNamed(taskOf('team'), FOUND);
    expect(resolution).toEqual({ outcome: 'resolved', content: CONTENT });
    expect(makeRevision(CONTENT).name).toBe(FOUND.metadata.name);
  });

  it('waits for one that is not there', () => {
    expect(resolveNamed(taskOf('team'), undefined)).toMatchObject({
      outcome: 'waiting',
      message: `spec.revision: TaskRevision "default/${FOUND.metadata.name}" not found.`,
    });
  });

  it('cannot have that of another Team', () => {
    expect(resolveNamed(taskOf('other'), FOUND)).toMatchObject({
      outcome: 'impossible',
      reason: 'InvalidPlan',
      message: expect.stringContaining('is not one of Team "default/other"'),
    });
  });

  it('is judged for all that stands in it', () => {
    const used = usedByRevision(taskOf('team'), FOUND);
    expect(used.map(({ type, name }) => `${type.plural} ${name.namespace}/${name.name}`)).toEqual([
      'teams default/team',
      `taskrevisions default/${FOUND.metadata.name}`,
      'workspaces shared/w',
      'ghosts shared/g',
      'skills skills/pdf',
      'mcpservers tools/m',
      'models default/model',
    ]);
  });
});
