import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent, RunState } from '#executor-manager/protocol/run';
import { ensureAgnoPackages } from '#executor-image/image/agno-packages';
import { mustRun } from '../../kit/command.ts';
import { ECHO_SERVER } from '../../kit/echo-server.ts';
import { gitRepository } from '../../kit/git-repository.ts';
import { modelService } from '../../kit/model-script.ts';
import { collect, firstEvent, startRunner } from '../../kit/runner.ts';
import type { RunWithModel } from '../../kit/runner.ts';

/** The real library Agno, driven by the runner, against a scripted model. */
const SCRIPT = `
- when: { contains: Fix, system: You are careful }
  steps:
    - thinking: I have to correct it.
      reply: I correct the README.
      toolCall: { name: edit_file, input: { file_path: README.md, old_text: projcet, new_text: project } }
      usage: { inputTokens: 1000, outputTokens: 10, cacheReadTokens: 50 }
    - toolCall: { name: run_shell, input: { command: git commit -qam 'Correct the spelling' && git log -1 --format=%an } }
      usage: { inputTokens: 2000, outputTokens: 20, cacheReadTokens: 60 }
    - reply: The spelling is right now.
      usage: { inputTokens: 3000, outputTokens: 30, cacheReadTokens: 70 }
- when: { contains: environment }
  steps:
    - toolCall: { name: run_shell, input: { command: "env; cat /proc/$PPID/environ; grep -rlE 'sk-a-ke[y]' $HOME" } }
    - reply: Looked.
- when: { contains: use the server }
  steps:
    - toolCall: { name: mcp__echo__say, input: { text: hello } }
    - reply: 'The server said: {{toolResult}}'
- when: { contains: sleep }
  steps:
    - toolCall: { name: run_shell, input: { command: sleep 7655 } }
    - reply: Awake.
- { when: { contains: no such key }, error: { status: 401, message: no such key } }
- { when: { contains: be cut off }, reply: Half of, stop: length }
- { when: { contains: be filtered }, reply: I will, stop: refused }
- { when: { contains: hang }, hang: true }
- { when: { contains: as JSON }, reply: '{"answer": 42}' }
- { when: { hasImage: true }, reply: 'I see {{images}}.' }
- when: { contains: one of you, offersTool: delegate_task_to_member }
  steps:
    - toolCall: { name: delegate_task_to_member, input: { member_id: ada, task: count it } }
    - reply: 'The team says {{toolResult}}'
- when: { contains: all of you, offersTool: delegate_task_to_members }
  steps:
    - toolCall: { name: delegate_task_to_members, input: { task: count it } }
    - reply: 'All say {{toolResult}}'
- { when: { system: I am Ada }, reply: Ada counts. }
- { when: { system: I am Bob }, reply: Bob counts. }
- reply: 'You said {{prompt}}'
`;

const KEY = 'sk-a-key-that-must-not-show-up';
const stack = new AsyncDisposableStack();
let model: string;
let gitUrl: string;

beforeAll(async () => {
  await ensureAgnoPackages(process.arch, () => undefined);
  model = stack.use(await modelService(SCRIPT)).url;
  gitUrl = stack.use(await gitRepository()).url;
}, 300_000);
afterAll(() => stack.disposeAsync());

const request = (prompt: string, more: Partial<RunWithModel> = {}): RunWithModel => ({
  shell: { type: 'Agno' },
  agent: { name: 'Writer', systemPrompt: 'You are careful.' },
  model: { protocol: 'openai', name: 'scripted', baseURL: model, apiKey: KEY },
  prompt,
  timeoutSeconds: 100,
  ...more,
});

const dataOf = (events: RunEvent[], type: string): Record<string, unknown>[] =>
  events.filter((event) => event.type === type).map((event) => event.data);
const textOf = (events: RunEvent[], type: string): string =>
  dataOf(events, type)
    .map((data) => data['text'])
    .join('');

async function finish(sent: RunWithModel): Promise<{ state: RunState; events: RunEvent[] }> {
  await using runner = await startRunner();
  return await runner.finish('r', sent);
}

it.each(['openai', 'openai-responses', 'anthropic'] as const)(
  'works in a repository and tells all of it, with a Model that speaks %s',
  async (protocol) => {
    const repository = { gitUrl, branch: 'main', workBranch: `troupe/${protocol}`, timeoutSeconds: 20 };
    const { state, events } = await finish(
      request('Fix the README', {
        repository,
        model: { protocol, name: 'scripted', baseURL: model, apiKey: KEY },
      }),
    );
    const usage = { inputTokens: 6000, outputTokens: 60, cacheReadTokens: 180, cacheWriteTokens: 0 };
    expect(state, JSON.stringify(events.slice(-4))).toMatchObject({
      phase: 'Succeeded',
      result: {
        value: 'The spelling is right now.',
        turns: 3,
        sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        usage,
        models: { scripted: usage },
        workspace: { filesChanged: 1, commits: 1 },
      },
    });
    expect(textOf(events, 'thinking')).toBe('I have to correct it.');
    expect(textOf(events, 'text')).toBe('I correct the README.The spelling is right now.');
    expect(dataOf(events, 'tool_call')).toMatchObject([
      { name: 'Edit', input: { old_text: 'projcet' } },
      { name: 'Bash', input: { command: expect.stringContaining('git commit -qam') } },
    ]);
    expect(dataOf(events, 'tool_result')).toMatchObject([
      { isError: false },
      { isError: false, output: expect.stringContaining('Writer') },
    ]);
    expect(JSON.stringify(events)).not.toContain(KEY);
    expect(dataOf(events, 'log')).toEqual([]);
  },
);

it('keeps the key from whatever the agent starts', async () => {
  const { events } = await finish(request('Show the environment'));
  const [looked] = dataOf(events, 'tool_result');
  expect(looked?.['output']).toContain('AGNO_TELEMETRY=false');
  expect(looked?.['output']).not.toMatch(/sk-a-key|\*\*\*|agno\.db/);
});

describe('what goes wrong with the model', () => {
  it.each([
    { prompt: 'no such key', reason: 'ModelError', says: 'no such key' },
    { prompt: 'be cut off', reason: 'AnswerCut', says: 'a limit of tokens' },
    { prompt: 'be filtered', reason: 'ModelRefused', says: 'refused' },
  ])('$prompt: $reason', async ({ prompt, reason, says }) => {
    const { state } = await finish(request(prompt));
    expect(state).toMatchObject({ phase: 'Failed', reason, message: expect.stringContaining(says) });
  });

  it('is silent: the idle limit ends the run', async () => {
    const { state } = await finish(request('hang', { limits: { idleSeconds: 15 } }));
    expect(state).toMatchObject({ phase: 'Failed', reason: 'IdleLimit' });
  });
});

const members = [
  { name: 'Ada', role: 'counts', instructions: 'I am Ada' },
  { name: 'Bob', role: 'sums', instructions: 'I am Bob' },
];

describe('teams', () => {
  it.each([
    { mode: 'coordinate', prompt: 'one of you', value: 'The team says Ada counts.' },
    { mode: 'route', prompt: 'one of you', value: 'Ada counts.' },
    { mode: 'broadcast', prompt: 'all of you', value: expect.stringContaining('Bob counts.') },
    { mode: 'tasks', prompt: 'just you', value: expect.stringContaining('You said') },
  ])('$mode', async ({ mode, prompt, value }) => {
    const shell = { type: 'Agno' as const, options: { mode, members, maxIterations: 1 } };
    const { state, events } = await finish(request(prompt, { shell }));
    expect(state, JSON.stringify(events.slice(-4))).toMatchObject({ phase: 'Succeeded', result: { value } });
  });

  it('tells which member speaks, and counts its tokens', async () => {
    const shell = { type: 'Agno' as const, options: { mode: 'coordinate', members } };
    const { state, events } = await finish(request('one of you', { shell }));
    expect(dataOf(events, 'text')).toContainEqual({ text: 'Ada counts.', agent: 'Ada' });
    expect(state.result?.turns).toBe(3);
  });

  it('that are not right are refused', async () => {
    const shell = { type: 'Agno' as const, options: { mode: 'collaborate', members } };
    const { state } = await finish(request('one of you', { shell }));
    expect(state).toMatchObject({
      reason: 'StartFailed',
      message: 'Shell.spec.options.mode: must be one of coordinate, route, broadcast, tasks',
    });
  });
});

it.each(['allow', 'deny'] as const)('a person says %s to a command', async (decision) => {
  await using runner = await startRunner();
  const permissions = { rules: [{ tool: 'Bash', decision: 'ask' as const }] };
  await runner.start('r', request('Show the environment', { permissions }));
  const question = await firstEvent(runner.events('r'), ({ type }) => type === 'request');
  expect(question.data).toMatchObject({ tool: 'Bash', level: 'privileged' });
  const answer = { id: question.data['id'], decision, message: 'not now' };
  const body = JSON.stringify({ id: 'i1', type: 'answer', answer });
  await runner.fetch('/v1/runs/r/inputs', { method: 'POST', body });
  const events = await collect(runner.events('r'));
  const output = decision === 'allow' ? 'AGNO_TELEMETRY' : 'Not allowed: not now';
  expect(dataOf(events, 'tool_result')).toMatchObject([{ output: expect.stringContaining(output) }]);
});

it('uses the tools of an MCP server', async () => {
  const mcpServers = { echo: { command: process.execPath, args: ['-e', ECHO_SERVER] } };
  const { state, events } = await finish(
    request('Please use the server', { agent: { name: 'a', mcpServers } }),
  );
  expect(state.result?.value, JSON.stringify(events.slice(-4))).toContain('hello back');
  const call = { name: 'mcp__echo__say', input: { text: 'hello' } };
  expect(dataOf(events, 'tool_call')).toMatchObject([call]);
});

it('ends when it is cancelled, with all that it has started', async () => {
  await using runner = await startRunner();
  await runner.start('r', request('Go to sleep'));
  await firstEvent(runner.events('r'), ({ type }) => type === 'tool_call');
  await runner.cancel('r');
  const events = await collect(runner.events('r'));
  expect(events.at(-1)?.data).toMatchObject({ phase: 'Cancelled' });
  await expect(mustRun('pgrep', ['-f', '^sleep 7655$'])).rejects.toThrow('pgrep');
});

it('goes on with a session, and with a copy of one', async () => {
  await using runner = await startRunner();
  const first = await runner.finish('first', request('Remember 42'));
  const id = first.state.result?.sessionId ?? '';
  const second = await runner.finish('second', request('And now?', { session: { id } }));
  expect(second.state.result).toMatchObject({ value: 'You said And now?', sessionId: id });
  const third = await runner.finish('third', request('And now?', { session: { id, fork: true } }));
  expect(third.state.result?.sessionId).not.toBe(id);
  // The history goes along.
  const input = (run: typeof first): number => run.state.result?.usage?.inputTokens ?? 0;
  expect(input(second)).toBeGreaterThan(input(first));
  expect(input(third)).toBeGreaterThan(input(second));
});

it('answers as a schema says, and shows images', async () => {
  const schema = { type: 'object', properties: { answer: { type: 'number' } }, required: ['answer'] };
  const { state } = await finish(request('Answer as JSON', { output: { schema } }));
  expect(state.result).toMatchObject({ output: { answer: 42 } });
  const data =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const seen = await finish(request('Look', { images: [{ mediaType: 'image/png', data }] }));
  expect(seen.state.result?.value).toContain('I see image/png');
});
