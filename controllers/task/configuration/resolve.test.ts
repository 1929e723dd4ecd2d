import { describe, expect, it } from 'vitest';
import type { KubeObject, ObjectMeta } from '#api/machinery/meta';
import type { Task, TaskSpec } from '#api/types/generated/task';
import type { ReadyStatus } from '#api/types/ready';
import { COLLABORATION_MODELS, pipeline } from '../graph/collaboration-models.ts';
import type { CollaborationModels } from '../graph/collaboration-models.ts';
import { resolveTask } from './resolve.ts';
import type { Configuration, ObjectName, Resolution } from './resolve.ts';

const READY: ReadyStatus = {
  state: 'Available',
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Valid',
      message: '',
      lastTransitionTime: '',
      observedGeneration: 1,
    },
  ],
};
const UNREADY: ReadyStatus = { state: 'Unavailable', message: 'spec.x: wrong.' };

interface Stored extends KubeObject {
  spec: Record<string, unknown>;
  status?: ReadyStatus;
}

/** A small set of objects, `Kind/namespace/name`; each test changes what it is about. */
function objects(): Map<string, Stored> {
  const map = new Map<string, Stored>();
  const add = (kind: string, name: string, spec: Record<string, unknown>): void => {
    const metadata: ObjectMeta = { name, namespace: 'ns', generation: 1 };
    map.set(`${kind}/ns/${name}`, { apiVersion: 'agent.wecode.io/v1', kind, metadata, spec, status: READY });
  };
  add('Ghost', 'g', {
    systemPrompt: 'You are.',
    mcpServers: {
      db: { command: 'db', env: { TOKEN: 'CREDENTIAL' } },
      web: { url: 'http://x', headers: { Authorization: 'CREDENTIAL' } },
    },
  });
  add('Shell', 'code', { shellType: 'ClaudeCode', baseImage: 'img:1' });
  add('Shell', 'chat', { runtime: 'Chat' });
  add('Model', 'm', {
    modelConfig: {
      env: {
        ANTHROPIC_MODEL: 'claude',
        ANTHROPIC_BASE_URL: 'http://m',
        ANTHROPIC_API_KEY: 'CREDENTIAL',
        LANG: 'C',
      },
    },
  });
  const bot = (shell: string) => ({
    ghostRef: { name: 'g' },
    shellRef: { name: shell },
    modelRef: { name: 'm' },
  });
  add('Bot', 'coder', bot('code'));
  add('Bot', 'talker', bot('chat'));
  add('Team', 'solo', {
    collaborationModel: 'solo',
    members: [{ botRef: { name: 'talker' } }, { botRef: { name: 'coder' }, role: 'leader', prompt: 'Lead.' }],
  });
  add('Team', 'pipe', {
    collaborationModel: 'pipeline',
    members: [
      { botRef: { name: 'coder' }, name: 'dev', contextPassing: 'previous_bot' },
      { botRef: { name: 'talker' } },
    ],
  });
  add('Team', 'route', { collaborationModel: 'route', members: [{ botRef: { name: 'coder' } }] });
  add('Team', 'desk', {
    collaborationModel: 'route',
    route: { fallback: 'general' },
    members: [
      { botRef: { name: 'talker' }, role: 'leader', name: 'boss' },
      { botRef: { name: 'coder' }, name: 'general' },
      { botRef: { name: 'absent' }, name: 'special', description: 'rare things' },
    ],
  });
  add('Team', 'later', { collaborationModel: 'later', members: [{ botRef: { name: 'coder' } }] });
  add('Team', 'flow', {
    collaborationModel: 'workflow',
    collaborationRef: { name: 'steps' },
    members: [{ botRef: { name: 'coder' }, name: 'dev' }],
  });
  add('Collaboration', 'steps', {
    parameters: { type: 'object', required: ['branch'], properties: { branch: { type: 'string' } } },
    steps: [{ name: 'build', participants: ['dev'], prompt: 'Build it.' }],
  });
  add('Workspace', 'w', {
    repository: { gitUrl: 'https://h/r', branchName: 'main', secretRef: { name: 's' } },
  });
  return map;
}

function resolve(
  map: Map<string, Stored>,
  spec: { team: string; workspace?: string; executionMode?: TaskSpec['executionMode'] },
  models: CollaborationModels = COLLABORATION_MODELS,
): Resolution {
  const find = (kind: string) => (ref: ObjectName) =>
    map.get(`${kind}/${ref.namespace}/${ref.name}`) as never;
  const configuration: Configuration = {
    team: find('Team'),
    collaboration: find('Collaboration'),
    bot: find('Bot'),
    ghost: find('Ghost'),
    shell: find('Shell'),
    model: find('Model'),
    skill: find('Skill'),
    mcpServer: find('MCPServer'),
    workspace: find('Workspace'),
  };
  const task: Task = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name: 't', namespace: 'ns' },
    spec: {
      prompt: 'ASK',
      teamRef: { name: spec.team },
      ...(spec.executionMode === undefined ? {} : { executionMode: spec.executionMode }),
      ...(spec.workspace === undefined ? {} : { workspaceRef: { name: spec.workspace, namespace: 'ns' } }),
    },
  };
  return resolveTask(task, { configuration, models });
}

describe('resolveTask', () => {
  it('takes over all that the Workspace says, and nothing that says what is so without it', () => {
    const map = objects();
    const set = (spec: Record<string, unknown>) =>
      Object.assign(map.get('Workspace/ns/w') ?? {}, {
        spec: { ...spec, repository: { gitUrl: 'u', branchName: 'main', ...(spec['repository'] as object) } },
      });
    const workspaceOf = () => {
      const resolution = resolve(map, { team: 'solo', workspace: 'w' });
      return resolution.outcome === 'resolved' ? resolution.content.workspace : undefined;
    };
    const ref = { namespace: 'ns', name: 'w' };
    const more = { subPath: 'api', depth: 0, tags: true, submodules: true, lfs: true };
    set({ trusted: true, repository: { ref: 'v1', ...more } });
    expect(workspaceOf()).toEqual({
      ...{ ref, gitUrl: 'u', branchName: 'main', startFrom: 'v1', trusted: true },
      ...more,
    });
    set({ trusted: false, repository: { tags: false, submodules: false, lfs: false } });
    expect(workspaceOf()).toEqual({ ref, gitUrl: 'u', branchName: 'main' });
  });

  it('solo: the leader alone, with everything it needs and no credential', () => {
    const resolution = resolve(objects(), { team: 'solo', workspace: 'w' });
    expect(resolution).toEqual({
      outcome: 'resolved',
      content: {
        teamRef: { namespace: 'ns', name: 'solo' },
        mode: 'solo',
        workspace: {
          ref: { namespace: 'ns', name: 'w' },
          gitUrl: 'https://h/r',
          branchName: 'main',
          secretName: 's',
        },
        nodes: [
          {
            id: 's0',
            name: 'leader',
            needs: [],
            inputs: { taskPrompt: true, results: [] },
            policy: { requireConfirmation: false, onFailure: 'FailTask' },
            workspace: { uses: true },
            prompt: 'Lead.',
            shell: { type: 'ClaudeCode', image: 'img:1' },
            agent: {
              botName: 'coder',
              ghostRef: { name: 'g', namespace: 'ns' },
              systemPrompt: 'You are.',
              mcpServers: {
                db: { command: 'db', env: { TOKEN: '' } },
                web: { url: 'http://x', headers: { Authorization: '' } },
              },
            },
            model: {
              ref: { name: 'm', namespace: 'ns' },
              protocol: 'anthropic',
              name: 'claude',
              baseURL: 'http://m',
              env: { LANG: 'C' },
            },
          },
        ],
      },
    });
    expect(JSON.stringify(resolution)).not.toContain('CREDENTIAL');
  });

  it('solo without a leader: the first member', () => {
    const map = objects();
    map.get('Team/ns/solo')!.spec['members'] = [
      { botRef: { name: 'talker' } },
      { botRef: { name: 'coder' } },
    ];
    expect(resolve(map, { team: 'solo' })).toMatchObject({
      content: { nodes: [{ name: 'talker', workspace: { uses: false } }] },
    });
  });

  it('pipeline: all members in order', () => {
    expect(resolve(objects(), { team: 'pipe' })).toMatchObject({
      content: {
        nodes: [
          { id: 's0', name: 'dev' },
          { id: 's1', name: 'talker', needs: ['s0'], shell: { type: 'Chat' } },
        ],
      },
    });
  });

  it('a Task starts without a member that another one stands in for', () => {
    expect(resolve(objects(), { team: 'desk' })).toMatchObject({
      content: {
        nodes: [],
        members: { boss: { shell: { type: 'Chat' } }, general: { shell: { type: 'ClaudeCode' } } },
        program: {
          ...{ kind: 'route', leader: 'boss', fallback: 'general', editAnswer: false },
          roster: [{ name: 'general' }, { name: 'special', description: 'rare things' }],
        },
      },
    });
  });

  it('parameters that do not fit the schema of the Team end the Task', () => {
    const map = objects();
    const team = map.get('Team/ns/solo');
    const parametersSchema = {
      ...{ type: 'object', required: ['branch'] },
      properties: { branch: { type: 'string' } },
    };
    if (team !== undefined) team.spec = { ...team.spec, parametersSchema };
    expect(resolve(map, { team: 'solo', workspace: 'w' })).toEqual({
      ...{ outcome: 'impossible', reason: 'ParametersInvalid' },
      message: 'spec.parameters.branch: Required value.',
    });
  });

  it.each([
    { reason: 'of the workflow', executionMode: 'auto', want: 'ParametersInvalid' },
    { reason: 'of the workflow, asked for', executionMode: 'script', want: 'ParametersInvalid' },
    {
      reason: 'of the workflow do not count where the leader plans',
      executionMode: 'planned',
      want: undefined,
    },
  ] as const)('parameters $reason', ({ executionMode, want }) => {
    const resolution = resolve(objects(), { team: 'flow', executionMode });
    expect(resolution).toMatchObject(
      want === undefined
        ? { outcome: 'resolved' }
        : { outcome: 'impossible', reason: want, message: 'spec.parameters.branch: Required value.' },
    );
  });

  it.each(['hybrid', 'script'] as const)('the execution mode %s is for workflows', (executionMode) => {
    expect(resolve(objects(), { team: 'pipe', executionMode })).toEqual({
      outcome: 'impossible',
      reason: 'UnsupportedMode',
      message: `spec.executionMode: "${executionMode}" is for Teams with collaborationModel workflow, and this one has pipeline; auto and planned are for all Teams.`,
    });
  });

  it.each(['auto', 'planned'] as const)('the execution mode %s is for all Teams', (executionMode) => {
    expect(resolve(objects(), { team: 'pipe', executionMode })).toMatchObject({ outcome: 'resolved' });
  });

  it('a graph that goes round in circles is not begun', () => {
    const models: CollaborationModels = {
      route: (sources) => ({
        nodes: pipeline(sources).nodes.map((node) => Object.assign(node, { needs: [node.id] })),
      }),
    };
    expect(resolve(objects(), { team: 'route' }, models)).toEqual({
      outcome: 'impossible',
      reason: 'InvalidPlan',
      message: 'Team "ns/route" cannot be carried out: Node "s0" waits for itself.',
    });
  });

  const problems: {
    reason: string;
    change?: (map: Map<string, Stored>) => void;
    team?: string;
    workspace?: string;
    want: [outcome: string, reason: string, message: string];
  }[] = [
    {
      reason: 'no Team',
      team: 'x',
      want: ['waiting', 'WaitingForTeam', 'spec.teamRef: Team "ns/x" not found.'],
    },
    {
      reason: 'another mode',
      team: 'later',
      want: [
        'impossible',
        'UnsupportedMode',
        'spec.collaborationModel: "later" is not supported; supported: collaborate, coordinate, pipeline, route, solo, workflow.',
      ],
    },
    {
      reason: 'members who cannot work together so',
      team: 'route',
      want: [
        'impossible',
        'InvalidPlan',
        'Team "ns/route" cannot be carried out: spec.members: for route one member needs the role leader.',
      ],
    },
    {
      reason: 'a member that others stand in for is missed by nobody, the one who stands in is',
      change: (map) => map.delete('Bot/ns/coder'),
      team: 'desk',
      want: ['waiting', 'WaitingForTeam', 'Team "ns/desk": Bot "ns/coder" not found.'],
    },
    {
      reason: 'a Team that is not ready says why',
      change: (map) => (map.get('Team/ns/solo')!.status = UNREADY),
      want: ['waiting', 'WaitingForTeam', 'spec.teamRef: Team "ns/solo" is not ready: spec.x: wrong.'],
    },
    {
      reason: 'a Team whose status is of an earlier generation',
      change: (map) => (map.get('Team/ns/solo')!.metadata.generation = 2),
      want: ['waiting', 'WaitingForTeam', 'spec.teamRef: Team "ns/solo" is not ready.'],
    },
    {
      reason: 'a Bot gone although the Team still says ready',
      change: (map) => map.delete('Bot/ns/coder'),
      want: ['waiting', 'WaitingForTeam', 'Team "ns/solo": Bot "ns/coder" not found.'],
    },
    {
      reason: 'a Model gone',
      change: (map) => map.delete('Model/ns/m'),
      want: ['waiting', 'WaitingForTeam', 'Model "ns/m" not found.'],
    },
    {
      reason: 'no Workspace',
      workspace: 'x',
      want: ['waiting', 'WaitingForWorkspace', 'spec.workspaceRef: Workspace "ns/x" not found.'],
    },
    {
      reason: 'a Workspace that is not ready',
      workspace: 'w',
      change: (map) => (map.get('Workspace/ns/w')!.status = UNREADY),
      want: ['waiting', 'WaitingForWorkspace', 'is not ready: spec.x: wrong.'],
    },
    {
      reason: 'a Team that demands a Workspace',
      change: (map) => (map.get('Team/ns/solo')!.spec['requiresWorkspace'] = true),
      want: ['impossible', 'WorkspaceRequired', 'spec.workspaceRef: required'],
    },
    {
      reason: 'a Shell that demands a Workspace',
      change: (map) => (map.get('Shell/ns/code')!.spec['requiresWorkspace'] = true),
      want: ['impossible', 'WorkspaceRequired', 'spec.workspaceRef: required'],
    },
  ];
  it.each(problems)('$reason', ({ change, team = 'solo', workspace, want: [outcome, reason, message] }) => {
    const map = objects();
    change?.(map);
    const resolution = resolve(map, { team, ...(workspace === undefined ? {} : { workspace }) });
    expect(resolution).toMatchObject({
      outcome,
      reason,
      message: expect.stringContaining(message) as string,
    });
  });
});
