import { describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import type { KubeObject } from '#api/machinery/meta';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';
import { readCredentials, runRequest } from './run-request.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const sandbox: RunSandbox = {
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
  metadata: { uid: 'g1', generation: 2 },
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
    const api = apiWith({ 'ghosts/team-a/g': ghost, 'secrets/team-a/git': git });
    expect(runRequest(sandbox.spec, await readCredentials(api, sandbox))).toEqual({
      shell: { type: 'ClaudeCode' },
      agent: {
        name: 'bot',
        systemPrompt: 'Be good',
        mcpServers: {
          files: {
            command: 'mcp',
            args: ['-v'],
            env: { TOKEN: 'real', MODE: 'fast' },
            cacheScope: 'g1/2/files',
          },
          other: { url: 'http://x', cacheScope: 'g1/2/other' },
          keyed: { url: 'https://h/mcp?key=k', cacheScope: 'g1/2/keyed' },
        },
      },
      model: { protocol: 'openai', name: 'gpt', env: { A: 'b' } },
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

  it('say that the service is the maker’s where the Model names none', () => {
    const model = { ref: { name: 'm' } };
    const { model: asked } = runRequest({ ...sandbox.spec, model }, {});
    expect(asked).toEqual({ protocol: 'anthropic', name: '', isMakersService: true });
  });

  it.each([
    ['a Ghost', { 'secrets/team-a/git': git }, 'Ghost "team-a/g" not found'],
    ['a Secret', { 'ghosts/team-a/g': ghost }, 'Secret "team-a/git" not found'],
    [
      'a key of a Secret',
      { 'ghosts/team-a/g': ghost, 'secrets/team-a/git': { data: { username: base64('u') } } },
      'Secret "team-a/git" has no value under "password"',
    ],
  ])('name %s that is gone', async (_, objects, message) => {
    await expect(readCredentials(apiWith(objects), sandbox)).rejects.toThrow(message);
  });

  it('take a long system prompt from the TaskRevision', async () => {
    const { model: _, workspace: __, ...spec } = sandbox.spec;
    const plain = {
      ...sandbox,
      spec: { ...spec, node: 's1', agent: { botName: 'bot' }, revision: 'team-1' },
    };
    const nodes = [
      { id: 's0', agent: {} },
      { id: 's1', agent: { systemPrompt: 'Long' } },
    ];
    const api = apiWith({ 'taskrevisions/team-a/team-1': { spec: { nodes } } });
    const request = runRequest(plain.spec, await readCredentials(api, plain));
    expect(request.agent).toEqual({ name: 'bot', systemPrompt: 'Long' });
    await expect(readCredentials(apiWith({}), plain)).rejects.toThrow(
      'TaskRevision "team-a/team-1" not found',
    );
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
