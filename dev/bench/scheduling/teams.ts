import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { TASKS } from './instant-executor.ts';

const BASE = '/apis/agent.wecode.io/v1/namespaces/default';

/** A Team of so many members, one after the other, whose agents only talk. */
export async function applyTeam(api: ApiUnderTest, name: string, members: number): Promise<void> {
  const create = (plural: string, kind: string, spec: unknown): Promise<string> =>
    api.call('POST', `${BASE}/${plural}`, {
      apiVersion: 'agent.wecode.io/v1',
      kind,
      metadata: { name },
      spec,
    });
  await create('ghosts', 'Ghost', { systemPrompt: 'Answer.' });
  await create('shells', 'Shell', { shellType: 'ClaudeCode' });
  await create('models', 'Model', {
    modelConfig: {
      env: { model: 'claude', model_id: 'm', base_url: 'http://127.0.0.1:9/v1', api_key: 'none' },
    },
  });
  await create('bots', 'Bot', { ghostRef: { name }, shellRef: { name }, modelRef: { name } });
  const botRef = { name };
  await create('teams', 'Team', {
    collaborationModel: members === 1 ? 'solo' : 'pipeline',
    members: Array.from({ length: members }, (_, index) => ({
      botRef,
      name: `m${index}`,
      ...(index === 0 ? { role: 'leader' } : {}),
    })),
  });
}

export function createTask(api: ApiUnderTest, name: string, team: string): Promise<string> {
  return api.call('POST', TASKS, {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name },
    spec: { prompt: 'ping', teamRef: { name: team } },
  });
}
