import { manifests } from '../../kit/manifests.ts';

/** The manifests that a team keeps in git, and the values that may change in them. */
export interface InGit {
  /** Of the Model, written where people write it. */
  key?: string;
  /** Of a tool server of the Ghost. */
  token?: string;
  prompt?: string;
  /** Kinds that git does not have any longer. */
  without?: readonly string[];
}

/** Where the team works. */
export const TEAM_NAMESPACE = 'team';

/** A team with inline credentials at two places, beside kinds of Kubernetes, as a YAML stream. */
export function inGit({
  key = 'sk-git-1',
  token = 'ghp_1',
  prompt = 'You write.',
  without = [],
}: InGit = {}) {
  const agents = (kind: string, spec: object, version = 'v1') => ({
    apiVersion: `agent.wecode.io/${version}`,
    kind,
    metadata: { name: 'writer', namespace: TEAM_NAMESPACE },
    spec,
  });
  const core = (kind: string, rest: object) => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 'writer', namespace: TEAM_NAMESPACE },
    ...rest,
  });
  const ref = { name: 'writer' };
  const env = { model: 'openai', model_id: 'gpt', base_url: 'https://models.example', api_key: key };
  const objects = [
    core('ConfigMap', { data: { style: 'plain' } }),
    core('Secret', { stringData: { password: 'of the team' } }),
    agents('Model', { protocol: 'openai', modelConfig: { env } }),
    agents('Shell', { shellType: 'Chat' }),
    agents('Skill', { description: 'Writes. Use for texts.', prompt: 'Write.' }, 'v1alpha1'),
    agents('Ghost', {
      systemPrompt: prompt,
      mcpServers: { issues: { type: 'stdio', command: 'issues', env: { ISSUES_TOKEN: token } } },
    }),
    agents('Bot', { ghostRef: ref, shellRef: ref, modelRef: ref }),
    agents('Team', { collaborationModel: 'solo', members: [{ name: 'writer', botRef: ref }] }),
  ];
  return manifests(...objects.filter(({ kind }) => !without.includes(kind)));
}
