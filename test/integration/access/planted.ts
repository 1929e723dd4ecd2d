/** Objects with a word that is found nowhere else in every place that may hold a credential. */

/** All words so far. */
export const planted: string[] = [];

/** A new word, by the place it stands in. */
export function canary(place: string): string {
  const word = `canary-${place}-${planted.length}-5f2c9e`;
  planted.push(word);
  return word;
}

/** The words that are in a text, in plain or in base64. */
export function foundIn(text: string): string[] {
  return planted.filter((word) =>
    [word, Buffer.from(word).toString('base64').slice(0, -4)].some((form) => text.includes(form)),
  );
}

export const OWN = '/apis/agent.wecode.io';
export const HERE = 'namespaces/default';

export interface Planted {
  path: string;
  body: object;
}

export const own = (kind: string, name: string, spec: object, version = 'v1'): Planted => ({
  path: `${OWN}/${version}/${HERE}/${kind === 'MCPServer' ? 'mcpservers' : `${kind.toLowerCase()}s`}`,
  body: { apiVersion: `agent.wecode.io/${version}`, kind, metadata: { name }, spec },
});

/** As kubectl apply leaves it: with a copy of itself. */
function applied({ path, body }: Planted): Planted {
  const { metadata, ...rest } = body as { metadata: object };
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(body)}\n` };
  return { path, body: { ...rest, metadata: { ...metadata, annotations } } };
}

export const MODEL = applied(
  own('Model', 'model', {
    protocol: 'openai',
    modelConfig: {
      env: {
        model_id: 'gpt',
        base_url: `https://models.example/v1?key=${canary('base-url-query')}`,
        api_key: canary('api-key'),
        OPENAI_API_KEY: canary('openai-key'),
        ANTHROPIC_AUTH_TOKEN: canary('auth-token'),
        ANTHROPIC_CUSTOM_HEADERS: `x-gateway: ${canary('custom-header')}`,
        HTTPS_PROXY: `http://user:${canary('proxy-password')}@proxy.example`,
        nested: { list: [{ secret: canary('nested') }] },
      },
    },
  }),
);
const GHOST = applied(
  own('Ghost', 'ghost', {
    systemPrompt: 'You are seen by all.',
    mcpServers: {
      program: {
        command: 'mcp',
        args: ['--api-key', canary('argument'), `--token=${canary('flag')}`],
        env: { LANG: canary('env') },
      },
      service: {
        url: `https://mcp.example/mcp?k=${canary('server-query')}`,
        headers: { 'x-any': canary('header') },
      },
    },
    mcpServerRefs: [{ name: 'server' }],
  }),
);
const SERVER = applied(
  own(
    'MCPServer',
    'server',
    {
      transport: {
        stdio: {
          command: 'mcp',
          args: ['--password', canary('server-argument')],
          env: [
            { name: 'PLAIN', value: canary('server-env') },
            { name: 'HIDDEN', valueFrom: { secretKeyRef: { name: 'secret', key: 'plain' } } },
          ],
        },
      },
    },
    'v1alpha1',
  ),
);
const WORKSPACE = own('Workspace', 'workspace', {
  repository: { gitUrl: `https://user:${canary('git-password')}@git.example/r.git`, branchName: 'main' },
});
/** No Task starts with it: what a Shell says is copied. */
const SHELL = applied(
  own('Shell', 'leaky', {
    shellType: 'Command',
    command: ['agent', `https://agent.example/?key=${canary('command')}`],
    env: { API_TOKEN: canary('shell-env') },
    options: { login: `Bearer ${canary('option')}` },
  }),
);
const SKILL = own(
  'Skill',
  'skill',
  {
    description: 'd',
    source: { type: 'git', git: { url: `https://${canary('skill-token')}@git.example/s.git` } },
  },
  'v1alpha1',
);
export const SECRET: Planted = {
  path: `/api/v1/${HERE}/secrets`,
  body: {
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'secret' } },
    data: { key: Buffer.from(canary('secret-data')).toString('base64') },
    stringData: { plain: canary('secret-string') },
  },
};
export const TEAM: Planted[] = [
  own('Shell', 'shell', { shellType: 'ClaudeCode' }),
  own('Bot', 'bot', {
    ghostRef: { name: 'ghost' },
    shellRef: { name: 'shell' },
    modelRef: { name: 'model' },
  }),
  own('Team', 'team', { collaborationModel: 'solo', members: [{ botRef: { name: 'bot' } }] }),
  own('Task', 'task', { prompt: 'do it', teamRef: { name: 'team' } }),
];
export const HOLDERS = [MODEL, GHOST, SERVER, SHELL, WORKSPACE, SKILL, SECRET];
