import { describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import type { Task } from '#api/types/generated/task';
import { MODELS, SHELLS, TEAMS, WORKSPACES } from '#api/types/resources';
import type { SubjectAccessReview } from '#api/types/resources';
import { forbiddenUse } from './forbidden-use.ts';
import type { UsedObject } from './used-configuration.ts';

const user = { name: 'jane', uid: 'u', groups: ['g'] };
const task = (teamNamespace: string): Task => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Task',
  metadata: { name: 't', namespace: 'mine' },
  spec: {
    prompt: 'p',
    teamRef: { name: 'team', namespace: teamNamespace },
    user,
  },
});

const used = (teamNamespace: string): UsedObject[] => [
  { type: TEAMS, name: { namespace: teamNamespace, name: 'team' } },
  { type: SHELLS, name: { namespace: 'system', name: 'ClaudeCode' } },
  { type: MODELS, name: { namespace: teamNamespace, name: 'beside' } },
  { type: MODELS, name: { namespace: 'models', name: 'gpt' } },
  { type: WORKSPACES, name: { namespace: 'mine', name: 'w' } },
];

/** @param rights `verb plural namespace/name` */
async function judged(
  given: Task,
  rights: readonly string[],
): Promise<{ refused?: string; asked: string[] }> {
  const asked: string[] = [];
  const client = {
    async create(_type: unknown, { spec }: SubjectAccessReview) {
      const { resourceAttributes: wish, ...who } = spec;
      expect(who).toEqual({ user: 'jane', uid: 'u', groups: ['g'] });
      const text = `${wish.verb} ${wish.resource} ${wish.namespace}/${wish.name}`;
      asked.push(text);
      return { status: { allowed: rights.includes(text) } };
    },
    find: () => Promise.resolve(undefined),
  } as unknown as Pick<Client, 'create' | 'find'>;
  const refused = await forbiddenUse(client, given, used(given.spec.teamRef.namespace ?? ''));
  return { asked: asked.sort(), ...(refused === undefined ? {} : { refused }) };
}

const ALL = [
  'use models models/gpt',
  'use shells system/ClaudeCode',
  'use teams shared/team',
  'use workspaces mine/w',
];

describe('the user of a Task', () => {
  it('needs rights for the Team, the Workspace, and what the Team takes from elsewhere', async () => {
    expect(await judged(task('shared'), ALL)).toEqual({ asked: ALL });
  });

  it.each(ALL.map((right) => [right]))('is refused without: %s', async (right) => {
    const { refused } = await judged(
      task('shared'),
      ALL.filter((one) => one !== right),
    );
    expect(refused).toContain('User "jane", who made the Task, may not use');
    expect(refused).toContain(right.split(' ')[2]);
  });

  it('may use by get what is beside the Task', async () => {
    const rights = ALL.filter((one) => !one.includes('mine')).concat('get workspaces mine/w');
    expect((await judged(task('shared'), rights)).refused).toBeUndefined();
    expect((await judged(task('shared'), ALL.slice(0, 2).concat('get teams shared/team'))).refused).toContain(
      'Team',
    );
  });

  it('is not judged where the server noted none', async () => {
    const { spec, ...rest } = task('shared');
    const { user: _none, ...unnoted } = spec;
    expect(await judged({ ...rest, spec: unnoted }, [])).toEqual({ asked: [] });
  });
});
