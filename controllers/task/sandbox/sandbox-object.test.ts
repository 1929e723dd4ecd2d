import { describe, expect, it } from 'vitest';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import type { PlannedNode, RunNode } from '../graph/graph.ts';
import { action, line, node } from '../graph/made-up.ts';
import { completedRecord } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';
import { nodePrompt } from './prompt.ts';
import { sandboxName, sandboxObject, workBranch } from './sandbox-object.ts';

const taskNamed = (name: string): Task => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Task',
  metadata: { name, namespace: 'default', uid: '12345678-x' },
  spec: { prompt: 'ASK', teamRef: { name: 't' } },
});

const WORKSPACE = { ref: { name: 'w' }, gitUrl: 'u', branchName: 'main' };
const revisionOf = (...nodes: PlannedNode[]): Revision => ({
  teamRef: { name: 't' },
  mode: 'm',
  workspace: WORKSPACE,
  nodes,
});

const record = (id: string, more: Partial<NodeRecord> = {}): NodeRecord => ({
  node: id,
  attempt: 1,
  ...more,
});
const ranIn = (id: string, name: string): NodeRecord =>
  record(id, { status: 'COMPLETED', executor_name: name, sandboxUID: `uid-of-${name}` });

describe('names', () => {
  const cases = [
    { reason: 'a usual name', name: 'fix-bug', sandbox: 'fix-bug-12345-s1-a2', branch: 'troupe/fix-bug' },
    {
      reason: 'capitals and dots',
      name: 'Fix.Bug',
      sandbox: 'fix-bug-12345-s1-a2',
      branch: 'troupe/Fix.Bug',
    },
    {
      reason: 'what git does not allow',
      name: '-a..b~c.lock',
      sandbox: 'a-b-c-lock-12345-s1-a2',
      branch: 'troupe/a.b-c',
    },
    { reason: 'nothing usable', name: '::', sandbox: 'task-12345-s1-a2', branch: 'troupe/task' },
  ];
  it.each(cases)('$reason', ({ name, sandbox, branch }) => {
    expect(sandboxName(taskNamed(name), { node: 's1', attempt: 2 })).toBe(sandbox);
    expect(workBranch(name)).toBe(branch);
    expect(workBranch(name, 's1')).toBe(`${branch}@s1`);
  });

  it('of branches stay within what a file name and a Sandbox may have, and differ', () => {
    const [one, other] = ['a', 'b'].map((last) => workBranch(`${'x'.repeat(252)}${last}`, 'n'.repeat(32)));
    expect(one?.length).toBeLessThan(250);
    expect(one).not.toBe(other);
  });

  it('stay within what a DNS name may have', () => {
    const longest = { node: 'n'.repeat(32), attempt: 10 };
    expect(sandboxName(taskNamed('x'.repeat(253)), longest).length).toBeLessThan(253);
  });

  it('no label where the name is no label value', () => {
    const labels = (name: string) =>
      sandboxObject(
        { task: taskNamed(name), revision: revisionOf(node('s0')), records: [], sandboxes: [] },
        record('s0'),
      ).metadata.labels;
    expect(labels('a b')).toBeUndefined();
    expect(labels('A.b')).toEqual({ 'agent.wecode.io/task': 'A.b' });
  });
});

describe('the files of a Sandbox', () => {
  const from = (source: string) => ({ workspace: { uses: true, from: source } });
  const chat = (source?: string) => ({
    workspace: { uses: false, ...(source === undefined ? {} : { from: source }) },
  });
  const earlier = (name: string) => ({ name, uid: `uid-of-${name}` });
  const cases: {
    reason: string;
    nodes: PlannedNode[];
    of: NodeRecord;
    records?: NodeRecord[];
    want: { workBranch: string } | undefined;
    continueFrom?: { name: string; uid: string }[];
  }[] = [
    { reason: 'a clone of its own', nodes: [node('a')], of: record('a'), want: { workBranch: 'troupe/t' } },
    {
      reason: 'none for a Shell that only talks, whatever was before it',
      nodes: [node('a'), node('b', chat('a'))],
      of: record('b', { attempt: 2, earlierSandboxes: [earlier('b1')] }),
      records: [ranIn('a', 'sa')],
      want: undefined,
    },
    {
      reason: 'along a chain one branch, and the files of the node before',
      nodes: [node('a'), node('b', from('a'))],
      of: record('b'),
      records: [ranIn('a', 'sa')],
      want: { workBranch: 'troupe/t' },
      continueFrom: [earlier('sa')],
    },
    {
      reason: 'never the files of another namespace, whatever the record says',
      nodes: [node('a'), node('b', from('a'))],
      of: record('b'),
      records: [{ ...ranIn('a', 'sa'), executor_namespace: 'other' }],
      want: { workBranch: 'troupe/t' },
    },
    {
      reason: 'past a node that only talks',
      nodes: [node('a'), node('b', chat('a')), node('c', from('b'))],
      of: record('c'),
      records: [ranIn('a', 'sa'), ranIn('b', 'sb')],
      want: { workBranch: 'troupe/t' },
      continueFrom: [earlier('sa')],
    },
    {
      reason: 'its own attempts come first, newest first',
      nodes: [node('a'), node('b', from('a'))],
      of: record('b', { attempt: 3, earlierSandboxes: [earlier('b2'), earlier('b1')] }),
      records: [ranIn('a', 'sa')],
      want: { workBranch: 'troupe/t' },
      continueFrom: [earlier('b2'), earlier('b1'), earlier('sa')],
    },
    {
      reason: 'two that go on from the same files have a branch each',
      nodes: [node('a'), node('b', from('a')), node('c', from('a'))],
      of: record('c'),
      records: [ranIn('a', 'sa')],
      want: { workBranch: 'troupe/t@c' },
      continueFrom: [earlier('sa')],
    },
    {
      reason: 'what follows one of them stays on its branch',
      nodes: [node('a'), node('b', from('a')), node('c', from('a')), node('d', from('b'))],
      of: record('d'),
      records: [ranIn('b', 'sb')],
      want: { workBranch: 'troupe/t@b' },
      continueFrom: [earlier('sb')],
    },
    {
      reason: 'two clones have a branch each',
      nodes: [node('a'), node('b')],
      of: record('b'),
      want: { workBranch: 'troupe/t@b' },
    },
    {
      reason: 'one that talks beside it does not count',
      nodes: [node('a', chat()), node('b')],
      of: record('b'),
      want: { workBranch: 'troupe/t' },
    },
  ];
  it.each(cases)('$reason', ({ nodes, of, records = [], want, continueFrom }) => {
    const revision = revisionOf(...nodes);
    const sources = { task: taskNamed('t'), records, sandboxes: [] };
    const { spec } = sandboxObject({ ...sources, revision }, of);
    expect(spec.workspace).toEqual(want === undefined ? undefined : { ...WORKSPACE, ...want });
    expect(spec.continueFrom).toEqual(continueFrom);
    const { workspace: _, ...plain } = revision;
    const loose = sandboxObject({ ...sources, revision: plain }, of);
    expect(loose.spec.workspace).toBeUndefined();
    expect(loose.spec.continueFrom, 'the same files where there is no repository').toEqual(continueFrom);
  });
});

describe('what is long', () => {
  const systemPrompt = 's'.repeat(1024 * 1024);
  const agent = { botName: 'b', systemPrompt };
  const build = (more: Partial<Parameters<typeof sandboxObject>[0]> = {}) =>
    sandboxObject(
      {
        ...{ task: taskNamed('t'), records: [], sandboxes: [] },
        revision: { ...revisionOf(node('s0', { agent })), name: 'team-1' },
        ...more,
      },
      record('s0'),
    ).spec;

  it('a long system prompt stays in the TaskRevision', () => {
    expect(build()).toMatchObject({ agent: { botName: 'b' }, revision: 'team-1' });
    expect(build().agent).not.toHaveProperty('systemPrompt');
  });

  it('a system prompt stands in the Sandbox where there is no TaskRevision, and when it is short', () => {
    expect(build({ revision: revisionOf(node('s0', { agent })) }).agent).toEqual(agent);
    const short = { botName: 'b', systemPrompt: 'Be good' };
    const revision = { ...revisionOf(node('s0', { agent: short })), name: 'team-1' };
    expect(build({ revision })).toMatchObject({ agent: short });
    expect(build({ revision })).not.toHaveProperty('revision');
  });

  it('an answer of 150 kB goes whole to the next node, and the status of the Task says that it is cut', () => {
    const answer = 'ä'.repeat(75_000);
    const sandbox = {
      metadata: { name: 'x', uid: 'u-1' },
      status: { phase: 'Succeeded', result: { value: answer } },
    } as Sandbox;
    const done = completedRecord(record('s0'), sandbox, {
      now: 'now',
      answerBytes: 64 * 1024,
      outputBytes: 0,
      warningBytes: 0,
    });
    const value = String(done.result?.['value']);
    expect(Buffer.byteLength(value)).toBeLessThanOrEqual(64 * 1024);
    expect(value).toMatch(
      /ä\n\n\[The answer has 150000 bytes and is cut here; the log of the Task has all of it\.\]$/,
    );
    const next = (sandboxes: Sandbox[]) =>
      sandboxObject(
        {
          ...{ task: taskNamed('t'), records: [done], sandboxes },
          revision: revisionOf(...line({ name: 'one' }, { name: 'two', contextPassing: 'previous_bot' })),
        },
        record('s1'),
      ).spec.prompt;
    expect(next([sandbox])).toBe(`Result of the step before, one:\n${answer}`);
    expect(next([]), 'its Sandbox is gone').toContain(value);
  });
});

describe('nodePrompt', () => {
  type Passing = 'none' | 'original_user' | 'previous_bot' | 'original_and_previous';
  const ask = (given: RunNode | undefined) =>
    given && nodePrompt(given, { taskPrompt: 'ASK', answerOf: (id) => (id === 's0' ? 'SAID' : '') });
  const second = (contextPassing: Passing, prompt?: string) =>
    ask(
      line({ name: 'one', contextPassing }, { name: 'two', ...(prompt === undefined ? {} : { prompt }) })[1],
    );
  const cases = [
    { reason: 'none: only the own instructions', got: second('none', 'OWN'), want: 'OWN' },
    { reason: 'none and nothing of its own: the Task', got: second('none'), want: 'ASK' },
    { reason: 'original_user', got: second('original_user', 'OWN'), want: 'OWN\n\nASK' },
    { reason: 'previous_bot', got: second('previous_bot'), want: 'Result of the step before, one:\nSAID' },
    {
      reason: 'original_and_previous',
      got: second('original_and_previous', 'OWN'),
      want: 'OWN\n\nASK\n\nResult of the step before, one:\nSAID',
    },
    {
      reason: 'the first of a chain gets the Task',
      got: ask(line({ name: 'one', prompt: 'OWN' })[0]),
      want: 'OWN\n\nASK',
    },
    {
      reason: 'an answer that is empty has no heading either',
      got: ask(node('b', { inputs: { taskPrompt: false, results: [{ from: 'x', label: 'X' }] } })),
      want: 'ASK',
    },
    {
      reason: 'several answers, each under its label',
      got: nodePrompt(
        node('c', {
          inputs: {
            taskPrompt: true,
            results: [
              { from: 'a', label: 'Plan' },
              { from: 'b', label: 'Review' },
            ],
          },
        }),
        { taskPrompt: 'ASK', answerOf: (id) => id.toUpperCase() },
      ),
      want: 'ASK\n\nPlan:\nA\n\nReview:\nB',
    },
  ];
  it.each(cases)('$reason', ({ got, want }) => expect(got).toBe(want));

  it('cuts answers to what a request can have, each with words that say so', () => {
    const results = ['a', 'b', 'c'].map((from) => ({ from, label: from }));
    const given = node('d', { inputs: { taskPrompt: true, results } });
    const prompt = nodePrompt(given, {
      taskPrompt: 'x'.repeat(1024 * 1024),
      answerOf: () => 'y'.repeat(1024 * 1024),
    });
    expect(Buffer.byteLength(prompt)).toBeLessThan(2.3 * 1024 * 1024);
    expect(prompt.match(/is cut here; the log of the Task has all of it/g)).toHaveLength(3);
  });
});

describe('an action', () => {
  const script = { run: 'make test' };
  const check = action('check', {
    action: { script },
    needs: ['n0'],
    workspace: { uses: true, from: 'n0' },
    policy: { requireConfirmation: false, onFailure: 'FailTask', timeoutSeconds: 60 },
    outputSchema: { type: 'object' },
  });
  const run = {
    task: taskNamed('t'),
    revision: revisionOf(node('n0'), check),
    records: [ranIn('n0', 'before'), record('check')],
    sandboxes: [],
  };

  it('stands in place of an agent, and goes on with the files before it', () => {
    const { spec } = sandboxObject(run, record('check'));
    expect(spec).toMatchObject({
      action: { script },
      timeoutSeconds: 60,
      outputSchema: { type: 'object' },
      continueFrom: [{ name: 'before', uid: 'uid-of-before' }],
      workspace: { workBranch: 'troupe/t' },
    });
    for (const field of ['prompt', 'shell', 'agent', 'model', 'session'])
      expect(spec).not.toHaveProperty(field);
  });
});

describe('the fields that come from the Task', () => {
  const made = (
    spec: Partial<Task['spec']>,
    revision: Partial<Revision> = {},
    more: Partial<RunNode> = {},
  ) => {
    const task = taskNamed('t');
    const nodes = [node('s0', more)];
    const sources = { revision: { ...revisionOf(...nodes), ...revision }, records: [], sandboxes: [] };
    return sandboxObject({ ...sources, task: { ...task, spec: { ...task.spec, ...spec } } }, record('s0'))
      .spec;
  };

  it.each([
    [undefined, undefined],
    ['medium' as const, undefined],
    ['high' as const, 1000],
    ['low' as const, -1000],
    [7, 7],
  ])('priority %s is %s', (priority, want) => {
    expect(made(priority === undefined ? {} : { priority }).priority).toBe(want);
  });

  it('the user', () => expect(made({ user: { name: 'jane' } }).userName).toBe('jane'));

  const parametersSchema = {
    type: 'object',
    properties: { branch: { type: 'string' }, depth: { type: 'integer', default: 2 } },
  };

  it('parameters: in its words and those of the Team, and for programs', () => {
    const spec = { prompt: 'Fix {{parameters.branch}}.', parameters: { branch: 'main' } };
    const { prompt, shell } = made(spec, { parametersSchema }, { prompt: 'Depth {{parameters.depth}}.' });
    expect(prompt).toBe('Depth 2.\n\nFix main.');
    expect(shell?.env).toEqual({ TROUPE_PARAM_BRANCH: 'main', TROUPE_PARAM_DEPTH: '2' });
  });

  it('parameters mean nothing where the Team takes none', () => {
    const { prompt, shell } = made({ prompt: '{{parameters.branch}}', parameters: { branch: 'main' } });
    expect([prompt, shell?.env]).toEqual(['{{parameters.branch}}', undefined]);
  });
});
