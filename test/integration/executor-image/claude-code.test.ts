import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { RunEvent } from '#executor-manager/protocol/run';
import { gitRepository } from '../../kit/git-repository.ts';
import type { GitRepository } from '../../kit/git-repository.ts';
import { modelService } from '../../kit/model-script.ts';
import { collect, firstEvent, startRunner } from '../../kit/runner.ts';
import type { RunWithModel } from '../../kit/runner.ts';

/** The real Claude Code program, driven by the runner, against a scripted model. */
const SCRIPT = `
- when: { contains: Fix }
  steps:
    - thinking: I have to read it first.
      reply: I look at the README.
      toolCall: { name: Read, input: { file_path: '{{cwd}}/README.md' } }
    - toolCall:
        name: Edit
        input: { file_path: '{{cwd}}/README.md', old_string: projcet, new_string: project }
    - toolCall: { name: Bash, input: { command: git commit -qam 'Correct the spelling' && git log -1 --format=%an:%ae, description: Commit } }
    - toolCall: { name: Write, input: { file_path: '{{cwd}}/notes.txt', content: not committed } }
    - reply: The spelling is right now.
- when: { contains: environment }
  steps:
    - toolCall: { name: Bash, input: { command: env; echo "key is $ANTHROPIC_API_KEY", description: Look } }
    - reply: 'It said: {{toolResult}}'
- when: { contains: leave something running }
  steps:
    - toolCall: { name: Bash, input: { command: setsid sleep 4321 >/dev/null 2>&1 & echo left, description: Leave } }
    - reply: Left.
- when: { contains: much output }
  steps:
    - toolCall: { name: Bash, input: { command: head -c 300000 /dev/zero | tr '\\0' 'ä', description: Print } }
    - reply: Printed.
- when: { contains: long words }
  reply: '{{prompt}}'
- when: { contains: sleep }
  steps:
    - toolCall: { name: Bash, input: { command: sleep 600, description: Sleep, timeout: 600000 } }
    - reply: Awake.
- when: { contains: break }
  error: { status: 500, message: the model fell over }
- when: { contains: refuse }
  error: { status: 401, message: no such key }
- when: { contains: hang }
  hang: true
- when: { contains: use the server, system: You are careful. }
  steps:
    - toolCall: { name: mcp__echo__say, input: { text: hello } }
    - reply: 'The server said: {{toolResult}}'
- reply: 'You said {{prompt}}'
`;

/** A server of the Model Context Protocol over stdio, as small as it can be. */
const MCP_SERVER = `
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  const results = {
    initialize: { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'echo', version: '1' } },
    'tools/list': { tools: [{ name: 'say', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } }] },
    'tools/call': { content: [{ type: 'text', text: params?.arguments?.text + ' ' + process.env.GREETING }] },
  };
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? {} }));
});
`;

const KEY = 'sk-a-key-that-must-not-show-up';
const stack = new AsyncDisposableStack();
let model: string;
let repository: GitRepository;

beforeAll(async () => {
  model = stack.use(await modelService(SCRIPT)).url;
  repository = stack.use(await gitRepository());
});
afterAll(() => stack.disposeAsync());

const request = (prompt: string, more: Partial<RunWithModel> = {}): RunWithModel => ({
  shell: { type: 'ClaudeCode' },
  agent: { name: 'Ada Writer', systemPrompt: 'You are careful.' },
  model: { protocol: 'anthropic', name: 'scripted-model', baseURL: model, apiKey: KEY },
  prompt,
  timeoutSeconds: 60,
  ...more,
});

const clone = () => ({
  repository: { gitUrl: repository.url, branch: 'main', workBranch: 'troupe/fix', timeoutSeconds: 20 },
});

/** Marks the processes of a run, and another run of the tests on this machine ends those with its own marks. */
const id = (name: string): string => `${name}-${process.pid}`;

const typesOf = (events: RunEvent[]): string[] => events.map((event) => event.type);
const dataOf = (events: RunEvent[], type: string): Record<string, unknown>[] =>
  events.filter((event) => event.type === type).map((event) => event.data);
const said = (events: RunEvent[]): string =>
  dataOf(events, 'text')
    .map((data) => data['text'])
    .join('');

describe('a run in a repository', () => {
  it('reads, edits, commits, and tells all of it', async () => {
    await using runner = await startRunner();
    const { state, events } = await runner.finish(id('fix'), request('Fix the README', clone()));
    expect(state, JSON.stringify(events.at(-1))).toMatchObject({
      id: id('fix'),
      phase: 'Succeeded',
      lastSeq: events.length,
      result: {
        value: 'The spelling is right now.',
        turns: 5,
        costUSD: expect.any(Number),
        sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) },
        workspace: { branch: 'troupe/fix', filesChanged: 2, commits: 1 },
      },
    });
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.every((event) => /^\d{4}-.*T.*\.\d{6}Z$/.test(event.time))).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'result', data: { phase: 'Succeeded' } });
    expect(typesOf(events).slice(0, 5), JSON.stringify(events.slice(0, 5))).toEqual([
      ...['status', 'status', 'thinking', 'text', 'tool_call'],
    ]);
    expect(dataOf(events, 'tool_call').map((data) => data['name'])).toEqual([
      ...['Read', 'Edit', 'Bash', 'Write'],
    ]);
    const results = dataOf(events, 'tool_result');
    expect(results[0]).toMatchObject({ isError: false, output: expect.stringContaining('projcet') });
    expect(results[2]?.['output'], 'the agent has an identity').toBe('Ada Writer:ada-writer@troupe.invalid');
    expect(said(events)).toBe('I look at the README.The spelling is right now.');
    const [diff] = dataOf(events, 'diff');
    expect(diff).toMatchObject({ branch: 'troupe/fix', commits: 1, filesChanged: 2, uncommittedFiles: 1 });
    expect(diff?.['diff']).toContain('+A small project to work on.');
    expect(diff?.['diff'], 'new files are part of it').toContain('+not committed');

    const again = await runner.start(id('fix'), request('something else'));
    expect(again, 'the same id again changes nothing').toEqual(state);
    expect(await collect(runner.events(id('fix'), events.length - 2)), 'reads on').toEqual(events.slice(-2));

    const next = await runner.finish(id('next'), request('Hello', clone()));
    expect(next.state.result?.workspace, 'the next step goes on with the clone').toMatchObject({
      branch: 'troupe/fix',
      baseCommit: state.result?.workspace?.headCommit,
      commits: 0,
      filesChanged: 1,
    });
    expect(next.events[0]?.data['message']).toContain('Going on');
    expect(await readFile(path.join(runner.workspace, 'repo/notes.txt'), 'utf8')).toBe('not committed');
  });

  it('gives the agent nothing of its own environment, and takes secrets out of what it prints', async () => {
    await using runner = await startRunner();
    const { state, events } = await runner.finish(id('env'), request('Show the environment'));
    expect(state.phase).toBe('Succeeded');
    const [result] = dataOf(events, 'tool_result');
    expect(result?.['output']).toContain('ANTHROPIC_MODEL=scripted-model');
    expect(result?.['output'], 'nobody who is started by the agent has the key').toMatch(/^key is$/m);
    const everything = JSON.stringify([events, state]);
    expect(everything).not.toContain(KEY);
    expect(everything).not.toContain('only-the-runner-sees-this');
    expect(everything).not.toContain('TROUPE_RUNNER_');
  });
});

describe('what the Ghost gives', () => {
  it('system prompt and MCP servers reach the agent', async () => {
    await using runner = await startRunner();
    const echo = { command: process.execPath, args: ['-e', MCP_SERVER], env: { GREETING: 'world' } };
    const agent = { name: 'a', systemPrompt: 'You are careful.', mcpServers: { echo } };
    const { state, events } = await runner.finish(id('mcp'), request('Please use the server', { agent }));
    expect(state.result?.value, JSON.stringify(events)).toBe('The server said: hello world');
  });

  it('a server that cannot be started is told, and the agent works on', async () => {
    await using runner = await startRunner();
    const agent = { name: 'a', mcpServers: { gone: { command: '/nowhere/server' } } };
    const { state, events } = await runner.finish(id('mcp'), request('Hello', { agent }));
    expect(state.result?.value).toBe('You said Hello');
    expect(JSON.stringify(dataOf(events, 'status'))).toContain('MCP server gone cannot be used');
    expect(state.result?.warnings?.[0]).toMatch(/MCP server gone cannot be used: .*No such file/);
  });
});

describe('sizes', () => {
  it('takes a prompt of 1 MiB', async () => {
    await using runner = await startRunner();
    const prompt = `long words ${'wörd '.repeat(180_000)}`;
    expect(Buffer.byteLength(prompt)).toBeGreaterThan(1024 * 1024);
    const { state, events } = await runner.finish(id('long'), request(prompt));
    expect(state.phase, state.message).toBe('Succeeded');
    const value = state.result?.value ?? '';
    expect(Buffer.byteLength(value)).toBeLessThanOrEqual(RUN_LIMITS.answerBytes);
    expect(value).toMatch(/is cut here; the log of the Task has all of it\.]$/);
    expect(said(events).trim()).toBe(prompt.trim());
  });

  it('cuts a huge tool output, and says so', async () => {
    await using runner = await startRunner();
    const { state, events } = await runner.finish(id('output'), request('Print much output'));
    expect(state.phase, state.message).toBe('Succeeded');
    const [result] = dataOf(events, 'tool_result');
    expect(Buffer.byteLength(String(result?.['output']))).toBeLessThanOrEqual(RUN_LIMITS.toolOutputBytes);
  });

  it('refuses a request above the limit', async () => {
    await using runner = await startRunner();
    const body = JSON.stringify(request('x'.repeat(RUN_LIMITS.requestBytes)));
    const response = await runner.fetch('/v1/runs/big', { method: 'PUT', body });
    expect(response.status).toBe(413);
    expect((await runner.fetch('/v1/runs/big')).status).toBe(404);
  });
});

describe('a run that does not work', () => {
  it.each([
    { prompt: 'break', says: 'the model fell over', reason: 'a model that answers 500' },
    { prompt: 'refuse', says: 'no such key', reason: 'a model that refuses the key' },
  ])('$reason is a ModelError', async ({ prompt, says }) => {
    await using runner = await startRunner();
    const env = { CLAUDE_CODE_MAX_RETRIES: '1' };
    const base = request(prompt);
    const { state, events } = await runner.finish(id('r'), { ...base, model: { ...base.model!, env } });
    expect(state).toMatchObject({ phase: 'Failed', reason: 'ModelError' });
    expect(state.message).toContain(says);
    expect(typesOf(events).slice(-2)).toEqual(['error', 'result']);
    expect(events.at(-1)?.data).toMatchObject({
      ...{ phase: 'Failed', reason: 'ModelError', message: state.message },
      result: { value: '', sessionId: expect.any(String) },
    });
    expect(JSON.stringify(dataOf(events, 'log'))).toContain('try 1 of 1');
  });

  it('a model that cannot be reached is a ModelError', async () => {
    await using runner = await startRunner();
    const gone = { protocol: 'anthropic', name: 'm', baseURL: 'http://127.0.0.1:9', apiKey: KEY } as const;
    const { state } = await runner.finish(id('r'), {
      ...request('Hello'),
      model: { ...gone, env: { CLAUDE_CODE_MAX_RETRIES: '1' } },
    });
    expect(state).toMatchObject({ phase: 'Failed', reason: 'ModelError' });
  });

  it('a model that never answers ends with the time limit', async () => {
    await using runner = await startRunner();
    const { state, events } = await runner.finish(id('r'), request('hang', { timeoutSeconds: 3 }));
    expect(state).toMatchObject({
      phase: 'Failed',
      reason: 'TimedOut',
      message: 'the run took longer than 3 s',
    });
    expect(events.at(-1)?.type).toBe('result');
    expect(marked(id('r'))).toEqual([]);
  });

  it('an agent that is killed', async () => {
    await using runner = await startRunner();
    await runner.start(id('r'), request('hang'));
    await firstEvent(runner.events(id('r')), (event) =>
      String(event.data['message']).startsWith('Claude Code'),
    );
    const pids = marked(id('r'));
    expect(pids.length).toBeGreaterThan(0);
    process.kill(pids[0]!, 'SIGKILL');
    await collect(runner.events(id('r')));
    expect(await runner.state(id('r'))).toMatchObject({
      phase: 'Failed',
      reason: 'AgentKilled',
      message: expect.stringContaining('SIGKILL'),
    });
  });

  it.each([
    { reason: 'no Model', model: undefined, says: 'ClaudeCode needs a Model' },
    {
      reason: 'a Model of the other protocol',
      model: { protocol: 'openai', name: 'm' } as const,
      says: 'protocol anthropic, not openai',
    },
  ])('$reason', async ({ model, says }) => {
    await using runner = await startRunner();
    const { model: _, ...rest } = request('Hello');
    const { state } = await runner.finish(id('r'), { ...rest, ...(model === undefined ? {} : { model }) });
    expect(state).toMatchObject({ phase: 'Failed', reason: 'StartFailed' });
    expect(state.message).toContain(says);
  });
});

describe('the end of an agent', () => {
  it('cancel ends it and what it started', async () => {
    await using runner = await startRunner();
    await runner.start(id('r'), request('sleep, please'));
    await firstEvent(runner.events(id('r')), (event) => event.type === 'tool_call');
    await runner.cancel(id('r'));
    await runner.cancel(id('r'));
    const events = await collect(runner.events(id('r')));
    expect(events.at(-1)).toMatchObject({ type: 'result', data: { phase: 'Cancelled' } });
    expect(await runner.state(id('r'))).toMatchObject({ phase: 'Cancelled' });
    expect(marked(id('r'))).toEqual([]);
  });

  it('nothing that it left running outlives it', async () => {
    await using runner = await startRunner();
    const { state, events } = await runner.finish(id('r'), request('leave something running'));
    expect(state.phase, JSON.stringify(events)).toBe('Succeeded');
    // Killed before the run is told as ended; the kernel may take its time to clear it away.
    await expect.poll(() => marked(id('r'))).toEqual([]);
  });

  it('the runner takes its agent with it, asked or killed', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await using runner = await startRunner();
      await runner.start(id(signal), request('hang'));
      await firstEvent(runner.events(id(signal)), (event) =>
        String(event.data['message']).startsWith('Claude'),
      );
      expect(marked(id(signal)).length).toBeGreaterThan(0);
      process.kill(runner.process.pid, signal);
      expect(await runner.process.exited).toBe(signal === 'SIGTERM' ? 0 : 'SIGKILL');
      await expect.poll(() => marked(id(signal))).toEqual([]);
    }
  });

  it('one workspace has one agent at a time', async () => {
    await using runner = await startRunner();
    await runner.start(id('one'), request('hang'));
    const body = JSON.stringify(request('Hello'));
    expect((await runner.fetch(`/v1/runs/${id('two')}`, { method: 'PUT', body })).status).toBe(409);
    await runner.cancel(id('one'));
    await collect(runner.events(id('one')));
    expect((await runner.finish(id('two'), request('Hello'))).state.phase).toBe('Succeeded');
  });
});

/** Processes of the run, by the mark in their environment. */
function marked(run: string): number[] {
  return execFileSync('ls', ['/proc'], { encoding: 'utf8' })
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 1)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`/${run}\0`);
      } catch {
        return false; // gone in between
      }
    });
}
