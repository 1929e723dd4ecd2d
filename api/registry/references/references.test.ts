import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../machinery/meta.ts';
import { referenceKey, referencesOf } from './references.ts';

const object = (spec: object): Unstructured => ({
  apiVersion: 'v',
  kind: 'K',
  metadata: { name: 'o' },
  spec,
});

const found = (plural: string, spec: object): Record<string, string> =>
  Object.fromEntries(
    referencesOf(`${plural}.agent.wecode.io`, 'ns', object(spec)).map(({ field, to }) => [
      field,
      `${to.plural} ${to.namespace}/${to.name}`,
    ]),
  );

describe('references of', () => {
  it.each<{ reason: string; plural: string; spec: object; want: Record<string, string> }>([
    {
      reason: 'a Bot: its parts, in its namespace or another',
      plural: 'bots',
      spec: {
        ghostRef: { name: 'g' },
        shellRef: { name: 's', namespace: 'system' },
        modelRef: { name: 'm', namespace: '' },
        secondaryModelRef: { name: 'n' },
      },
      want: {
        'spec.ghostRef': 'ghosts ns/g',
        'spec.shellRef': 'shells system/s',
        'spec.modelRef': 'models ns/m',
        'spec.secondaryModelRef': 'models ns/n',
      },
    },
    {
      reason: 'a Shell: what it is made from, and the credentials for its image',
      plural: 'shells',
      spec: { baseShellRef: 'b', baseImage: 'r.example/x', imagePullSecrets: [{ name: 'r' }] },
      want: { 'spec.baseShellRef': 'shells ns/b', 'spec.imagePullSecrets[0]': 'secrets ns/r' },
    },
    {
      reason: 'a Collaboration: what its actions call and show, those of steps within steps too',
      plural: 'collaborations',
      spec: {
        steps: [
          { name: 'a', action: { mcp: { serverRef: { name: 'm' }, tool: 't' } } },
          {
            name: 'b',
            steps: [
              {
                name: 'c',
                action: {
                  http: {
                    url: 'https://a.example/{{item}}',
                    headers: [
                      { name: 'X', value: 'v' },
                      { name: 'Y', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
                    ],
                  },
                },
              },
              {
                name: 'd',
                action: { script: { image: 'i', imagePullSecrets: [{ name: 'r', namespace: 'x' }] } },
              },
            ],
          },
        ],
      },
      want: {
        'spec.steps[0].action.mcp.serverRef': 'mcpservers ns/m',
        'spec.steps[1].steps[0].action.http.headers[1].valueFrom.secretKeyRef': 'secrets ns/s',
        'spec.steps[1].steps[1].action.script.imagePullSecrets[0]': 'secrets x/r',
      },
    },
    {
      reason: 'a Sandbox with an action',
      plural: 'sandboxes',
      spec: {
        action: { mcp: { serverName: 'm', server: { serverRef: { name: 'm', namespace: 'x' } }, tool: 't' } },
      },
      want: { 'spec.action.mcp.server.serverRef': 'mcpservers x/m' },
    },
    {
      reason: 'a Team: every member',
      plural: 'teams',
      spec: { members: [{ botRef: { name: 'a' } }, { botRef: { name: 'b', namespace: 'x' } }] },
      want: { 'spec.members[0].botRef': 'bots ns/a', 'spec.members[1].botRef': 'bots x/b' },
    },
    {
      reason: 'a Task',
      plural: 'tasks',
      spec: {
        teamRef: { name: 't' },
        workspaceRef: { name: 'w', namespace: 'x' },
        callback: { url: 'https://a', secretRef: { name: 's' } },
        forkFrom: { task: 'a', step: 's0' },
      },
      want: {
        'spec.teamRef': 'teams ns/t',
        'spec.forkFrom': 'tasks ns/a',
        'spec.workspaceRef': 'workspaces x/w',
        'spec.callback.secretRef': 'secrets ns/s',
      },
    },
    {
      reason: 'a Ghost: servers, and Skills that it names with a place',
      plural: 'ghosts',
      spec: {
        mcpServerRefs: [{ name: 'm' }],
        skills: ['a', 'b', 'c'],
        skill_refs: { a: { skill_id: 1 }, b: { skill_id: 2, is_public: true }, c: { namespace: 'x' } },
      },
      want: {
        'spec.mcpServerRefs[0]': 'mcpservers ns/m',
        'spec.skill_refs.a': 'skills default/a',
        'spec.skill_refs.b': 'skills system/b',
        'spec.skill_refs.c': 'skills x/c',
      },
    },
    {
      reason: 'a Model',
      plural: 'models',
      spec: { modelConfig: {}, secretRef: { name: 's' } },
      want: { 'spec.secretRef': 'secrets ns/s' },
    },
    {
      reason: 'an MCPServer',
      plural: 'mcpservers',
      spec: {
        transport: {
          stdio: {
            env: [
              { name: 'A', value: '1' },
              { name: 'B', valueFrom: { secretKeyRef: { name: 's' } } },
            ],
          },
        },
      },
      want: { 'spec.transport.stdio.env[1].valueFrom.secretKeyRef': 'secrets ns/s' },
    },
    {
      reason: 'a Workspace',
      plural: 'workspaces',
      spec: { repository: { gitUrl: 'u', secretRef: { name: 's' } } },
      want: { 'spec.repository.secretRef': 'secrets ns/s' },
    },
    {
      reason: 'a Shell',
      plural: 'shells',
      spec: { baseShellRef: 'b', baseImage: 'r/i', imagePullSecrets: [{ name: 's' }] },
      want: { 'spec.baseShellRef': 'shells ns/b', 'spec.imagePullSecrets[0]': 'secrets ns/s' },
    },
    {
      reason: 'a Skill',
      plural: 'skills',
      spec: { source: { configMap: { name: 'c' }, git: { url: 'u', secretRef: { name: 's' } } } },
      want: { 'spec.source.configMap': 'configmaps ns/c', 'spec.source.git.secretRef': 'secrets ns/s' },
    },
    {
      reason: 'a Sandbox: all that its run gets',
      plural: 'sandboxes',
      spec: {
        agent: {
          ghostRef: { name: 'g', namespace: 'x' },
          mcpServers: { a: { command: 'c' }, b: { serverRef: { name: 'm', namespace: 'y' } } },
          skills: [{ name: 'k', namespace: 'z' }],
        },
        model: { ref: { name: 'm' } },
        shell: { image: 'r/i', imagePullSecrets: [{ name: 'p', namespace: 'q' }] },
        workspace: { ref: { name: 'w', namespace: 'x' }, secretName: 's' },
      },
      want: {
        'spec.agent.ghostRef': 'ghosts x/g',
        'spec.agent.mcpServers.b.serverRef': 'mcpservers y/m',
        'spec.agent.skills[0]': 'skills z/k',
        'spec.model.ref': 'models ns/m',
        'spec.shell.imagePullSecrets[0]': 'secrets q/p',
        'spec.workspace.ref': 'workspaces x/w',
        'spec.workspace.secretName': 'secrets x/s',
      },
    },
    {
      reason: 'a Sandbox: what its probe gets',
      plural: 'sandboxes',
      spec: {
        probe: {
          mcpServer: { serverRef: { name: 'm', namespace: 'x' } },
          skill: { gitUrl: 'u', secretName: 's' },
        },
      },
      want: {
        'spec.probe.mcpServer.serverRef': 'mcpservers x/m',
        'spec.probe.skill.secretName': 'secrets ns/s',
      },
    },
    {
      reason: 'a TaskRevision: what its nodes get',
      plural: 'taskrevisions',
      spec: {
        teamRef: { name: 't', namespace: 'x' },
        nodes: [{ model: { ref: { name: 'm', namespace: 'x' } } }],
      },
      want: { 'spec.teamRef': 'teams x/t', 'spec.nodes[0].model.ref': 'models x/m' },
    },
    { reason: 'what has no form', plural: 'teams', spec: { members: { botRef: 1 } }, want: {} },
    { reason: 'a kind without any', plural: 'executors', spec: {}, want: {} },
  ])('$reason', ({ plural, spec, want }) => {
    expect(found(plural, spec)).toEqual(want);
  });
});

describe('a reference to a Secret or an account', () => {
  const keyOf = (plural: string, spec: object): string[] =>
    referencesOf(`${plural}.agent.wecode.io`, 'ns', object(spec)).map(referenceKey);
  const model = (base_url: string, key = 'k'): object => ({
    modelConfig: { env: { base_url, model_id: 'm' } },
    secretRef: { name: 's', key },
  });
  const sync = (source: object, path?: string): object => ({ source, path, serviceAccountName: 'a' });
  const workspace = (gitUrl: string): object => ({ repository: { gitUrl, secretRef: { name: 's' } } });

  it.each([
    ['the address of a Model', 'models', model('https://a'), model('https://b')],
    ['the key', 'models', model('https://a'), model('https://a', 'l')],
    [
      'the image of a Shell',
      'shells',
      { baseImage: 'a/i', imagePullSecrets: [{ name: 's' }] },
      { baseImage: 'b/i', imagePullSecrets: [{ name: 's' }] },
    ],
    ['the address of a repository', 'workspaces', workspace('https://a'), workspace('https://b')],
    ['the address of a Sync', 'syncs', sync({ url: 'https://a' }), sync({ url: 'https://b' })],
    [
      'the ref of a Sync',
      'syncs',
      sync({ url: 'https://a' }),
      sync({ url: 'https://a', ref: 'refs/pull/1/head' }),
    ],
    ['the folder of a Sync', 'syncs', sync({ url: 'https://a' }), sync({ url: 'https://a' }, 'b')],
  ])('is another one with %s', (_reason, plural, before, after) => {
    expect(keyOf(plural, before)).not.toEqual(keyOf(plural, after));
  });

  it('is the same whatever else changes', () => {
    const more = { ...model('https://a'), modelGroup: 'g' };
    expect(keyOf('models', more)).toEqual(keyOf('models', model('https://a')));
  });
});
