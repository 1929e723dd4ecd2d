import type { ApiUnderTest } from '../servers/api-under-test.ts';

export const BASE = '/apis/agent.wecode.io/v1/namespaces/default';

/** The Team `bench` of agents of the Chat shell that work one after the other. `env` is that of their Model. */
export async function applyChatTeam(
  api: ApiUnderTest,
  { env, members = 1 }: { env: Record<string, string>; members?: number },
): Promise<void> {
  const name = 'bench';
  const create = (plural: string, kind: string, spec: object): Promise<string> =>
    api.call('POST', `${BASE}/${plural}`, {
      ...{ apiVersion: 'agent.wecode.io/v1', kind, metadata: { name }, spec },
    });
  await create('ghosts', 'Ghost', { systemPrompt: 'Answer.' });
  await create('shells', 'Shell', { shellType: 'Chat' });
  await create('models', 'Model', { modelConfig: { env } });
  await create('bots', 'Bot', { ghostRef: { name }, shellRef: { name }, modelRef: { name } });
  await create('teams', 'Team', {
    collaborationModel: members === 1 ? 'solo' : 'pipeline',
    members: Array.from({ length: members }, (_, index) => ({
      ...{ name: `m${index}`, botRef: { name } },
      ...(index === 0 ? { role: 'leader' } : {}),
    })),
  });
}

export function createChatTask(api: ApiUnderTest, name: string, prompt: string): Promise<string> {
  return api.call('POST', `${BASE}/tasks`, {
    ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata: { name } },
    spec: { prompt, teamRef: { name: 'bench' } },
  });
}
