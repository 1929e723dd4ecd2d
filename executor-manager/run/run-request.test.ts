import { describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import type { KubeObject } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';
import { readCredentials, runRequest } from './run-request.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const sandbox: Sandbox = {
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'Sandbox',
  metadata: { name: 's', namespace: 'team-a' },
  spec: {
    taskRef: { name: 't', uid: 'u' },
    step: 0,
    attempt: 1,
    timeoutSeconds: 60,
    prompt: 'Do it',
    shell: { type: 'ClaudeCode' },
    agent: {
      botName: 'bot',
      ghostRef: { name: 'g' },
      systemPrompt: 'Be good',
      mcpServers: {
        files: { command: 'mcp', args: ['-v'], env: { TOKEN: '', MODE: '' } },
        other: { url: 'http://x' },
        keyed: { url: '' },
      },
    },
    model: {
      ref: { name: 'm', namespace: 'shared' },
      protocol: 'openai',
      name: 'gpt',
      baseURL: 'http://m',
      env: { A: 'b' },
    },
    workspace: {
      ref: { name: 'w' },
      gitUrl: 'https://g/x.git',
      branchName: 'main',
      workBranch: 'troupe/t',
      secretName: 'git',
      startFrom: 'v1',
      subPath: 'api',
      depth: 0,
      trusted: true,
    },
  },
};

/** What the API would answer, by `plural/namespace/name`. */
function apiWith(objects: Record<string, object>): Pick<Client, 'find'> {
  return {
    async find<T extends KubeObject>(
      type: { group: string; plural: string },
      ref: { namespace?: string; name: string },
    ) {
      return objects[`${type.plural}/${ref.namespace}/${ref.name}`] as T | undefined;
    },
  };
}

const ghost = {
  spec: {
    mcpServers: {
      files: { command: 'other', env: { TOKEN: 'real', MODE: 'fast', NEW: 'x' } },
      other: { url: 'http://changed' },
      keyed: { url: 'https://h/mcp?key=k' },
    },
  },
};
const git = { data: { username: base64('u'), password: base64('p\n') } };

describe('readCredentials and runRequest', () => {
  it('put together what the runner needs', async () => {
    const api = apiWith({
      'models/shared/m': { spec: { modelConfig: {}, secretRef: { name: 'key' } } },
      'secrets/shared/key': { data: { api_key: base64('sk-1') } },
      'ghosts/team-a/g': ghost,
      'secrets/team-a/git': git,
    });
    expect(runRequest(sandbox.spec, await readCredentials(api, sandbox))).toEqual({
      shell: { type: 'ClaudeCode' },
      agent: {
        name: 'bot',
        systemPrompt: 'Be good',
        mcpServers: {
          files: { command: 'mcp', args: ['-v'], env: { TOKEN: 'real', MODE: 'fast' } },
          other: { url: 'http://x' },
          keyed: { url: 'https://h/mcp?key=k' },
        },
      },
      model: { protocol: 'openai', name: 'gpt', baseURL: 'http://m', env: { A: 'b' }, apiKey: 'sk-1' },
      repository: {
        gitUrl: 'https://g/x.git',
        branch: 'main',
        workBranch: 'troupe/t',
        timeoutSeconds: 60,
        credential: { username: 'u', password: 'p' },
        credentialName: 'Secret "team-a/git" (key password)',
        ref: 'v1',
        subPath: 'api',
        depth: 0,
        trusted: true,
      },
      prompt: 'Do it',
      timeoutSeconds: 60,
      limits: { diskBytes: 10 * 2 ** 30 },
    });
  });

  it('hand on what the Model says in variables that no Sandbox repeats', async () => {
    const env = { ANTHROPIC_AUTH_TOKEN: 'bearer', ANTHROPIC_CUSTOM_HEADERS: 'X-A: b' };
    const api = apiWith({
      'models/shared/m': { spec: { modelConfig: { env } } },
      'ghosts/team-a/g': ghost,
      'secrets/team-a/git': git,
    });
    const request = runRequest(sandbox.spec, await readCredentials(api, sandbox));
    expect(request.model).toMatchObject({ apiKey: 'bearer', env: { A: 'b', ...env } });
  });

  it.each([
    [{}, 'Model "shared/m" not found', 'the Model is gone'],
    [
      { 'models/shared/m': { spec: { modelConfig: {}, secretRef: { name: 'key' } } } },
      'Secret "shared/key" not found',
      'the Secret is looked for beside the Model',
    ],
    [
      {
        'models/shared/m': { spec: { modelConfig: {}, secretRef: { name: 'key', key: 'token' } } },
        'secrets/shared/key': { data: { api_key: '' } },
      },
      'Secret "shared/key" has no key "token"',
      'the Secret lacks the key',
    ],
    [
      { 'models/shared/m': { spec: { modelConfig: {} } } },
      'not found',
      'the git Secret or the Ghost is gone',
    ],
  ])('%o: %s', async (objects, message, reason) => {
    const complete = reason.startsWith('the git')
      ? objects
      : { 'ghosts/team-a/g': ghost, 'secrets/team-a/git': git, ...objects };
    await expect(readCredentials(apiWith(complete), sandbox), reason).rejects.toThrow(message);
  });

  it('asks for nothing that the run does not need', async () => {
    const { model: _, workspace: __, ...spec } = sandbox.spec;
    const plain = { ...sandbox, spec: { ...spec, agent: { botName: 'bot' } } };
    const credentials = await readCredentials(apiWith({}), plain);
    expect(credentials).toEqual({});
    expect(runRequest(plain.spec, credentials)).toEqual({
      shell: { type: 'ClaudeCode' },
      agent: { name: 'bot' },
      prompt: 'Do it',
      timeoutSeconds: 60,
      limits: { diskBytes: 10 * 2 ** 30 },
    });
  });
});
