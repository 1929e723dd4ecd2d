import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent, RunQuestion } from '#executor-manager/protocol/run';
import { gitRepository } from '../../kit/git-repository.ts';
import type { GitRepository } from '../../kit/git-repository.ts';
import { modelService } from '../../kit/model-script.ts';
import { startRunner } from '../../kit/runner.ts';
import type { RunWithModel } from '../../kit/runner.ts';

/** Real agents that speak the Agent Client Protocol, as npm carries them, against a scripted model. */

const { resolve } = createRequire(import.meta.url);
const packageFolder = (name: string): string => path.dirname(resolve(`${name}/package.json`));

/** Says to OpenCode which model there is; address and key are those of the run. */
const OPENCODE_CONFIG = JSON.stringify({
  provider: {
    troupe: {
      npm: '@ai-sdk/openai-compatible',
      options: { baseURL: '{env:OPENAI_BASE_URL}', apiKey: '{env:OPENAI_API_KEY}' },
      models: { m: { name: 'm' } },
    },
  },
  model: 'troupe/m',
  small_model: 'troupe/m',
  permission: { bash: 'ask' },
  autoupdate: false,
  share: 'disabled',
});

interface Program {
  name: string;
  /** Its name of the tool that runs a command. */
  tool: string;
  input: object;
  shell: () => Omit<RunWithModel['shell'], 'type'>;
}

const PROGRAMS: Program[] = [
  {
    name: 'Qwen Code',
    tool: 'run_shell_command',
    input: { command: 'echo hi > notes.txt', description: 'Write', is_background: false },
    shell: () => ({
      command: [
        process.execPath,
        path.join(packageFolder('@qwen-code/qwen-code'), 'cli.js'),
        ...['--acp', '--auth-type', 'openai', '--model', '{{model}}'],
      ],
    }),
  },
  {
    name: 'OpenCode',
    tool: 'bash',
    input: { command: 'echo hi > notes.txt' },
    shell: () => ({
      command: [path.join(packageFolder(`opencode-linux-${process.arch}`), 'bin', 'opencode'), 'acp'],
      env: { OPENCODE_CONFIG_CONTENT: OPENCODE_CONFIG, OPENCODE_DISABLE_MODELS_FETCH: '1' },
    }),
  },
];

const script = ({ tool, input }: Program): string =>
  JSON.stringify([
    {
      when: { contains: 'Fix' },
      steps: [
        { reply: 'I look first.', toolCall: { name: tool, input } },
        { reply: 'The tool said: {{toolResult}}' },
      ],
    },
    { when: { contains: 'go on' }, reply: 'Of course.' },
    // Qwen Code tells its model to go on, some times.
    { when: { contains: 'Output token limit hit' }, reply: ' and', stop: 'length' },
    { when: { contains: 'be cut off' }, reply: 'I was about to', stop: 'length' },
    { reply: 'You said {{prompt}}' },
  ]);

const dataOf = (events: RunEvent[], type: string): Record<string, unknown>[] =>
  events.filter((event) => event.type === type).map((event) => event.data);

describe.each(PROGRAMS)('$name', (program) => {
  const stack = new AsyncDisposableStack();
  let url: string;
  let repository: GitRepository;
  beforeAll(async () => {
    url = stack.use(await modelService(script(program))).url;
    repository = stack.use(await gitRepository());
  });
  afterAll(() => stack.disposeAsync());

  const request = (prompt: string, more: Partial<RunWithModel> = {}): RunWithModel => ({
    shell: { type: 'ACP', ...program.shell() },
    agent: { name: 'a', systemPrompt: 'Be careful.' },
    model: { protocol: 'openai', name: 'm', baseURL: `${url}/v1`, apiKey: 'sk-the-key' },
    repository: { gitUrl: repository.url, branch: 'main', workBranch: 'troupe/fix', timeoutSeconds: 20 },
    prompt,
    timeoutSeconds: 120,
    ...more,
  });

  it('works, asks a person before it uses a tool, and goes on with its session', async () => {
    await using runner = await startRunner();
    await runner.start('r1', request('Fix it', { permissions: { default: 'ask' } }));
    const events: RunEvent[] = [];
    for await (const event of runner.events('r1')) {
      events.push(event);
      if (event.type !== 'request') continue;
      const { id } = event.data as unknown as RunQuestion;
      const body = JSON.stringify({ id: `answer-${id}`, type: 'answer', answer: { id, decision: 'allow' } });
      expect((await runner.fetch('/v1/runs/r1/inputs', { method: 'POST', body })).status).toBe(202);
    }
    const { phase, result } = await runner.state('r1');
    expect(phase, JSON.stringify(events.at(-1))).toBe('Succeeded');
    expect(result).toMatchObject({
      value: expect.stringMatching(/^The tool said: /),
      sessionId: expect.any(String),
      workspace: { filesChanged: 1 },
    });
    expect(dataOf(events, 'request')[0]).toMatchObject({ kind: 'Permission', input: program.input });
    expect(dataOf(events, 'tool_call')).toMatchObject([{ input: program.input }]);
    expect(dataOf(events, 'tool_result')).toMatchObject([{ isError: false }]);
    expect(JSON.stringify(events)).not.toContain('sk-the-key');

    const session = { id: result?.sessionId ?? '' };
    const again = await runner.finish('r2', request('Now go on', { session }));
    expect(again.state, JSON.stringify(again.events.at(-1))).toMatchObject({
      phase: 'Succeeded',
      result: { value: 'Of course.', sessionId: session.id },
    });
  });

  it('does not hide that the answer is not whole', async () => {
    await using runner = await startRunner();
    const { state } = await runner.finish('r1', request('You will be cut off'));
    expect(state).toMatchObject({
      phase: 'Succeeded',
      result: {
        value: expect.stringMatching(/^I was about to/),
        warnings: [expect.stringContaining('limit of tokens')],
      },
    });
  });

  it('does not use a tool that the policy denies', async () => {
    await using runner = await startRunner();
    const { state, events } = await runner.finish(
      'r1',
      request('Fix it', { permissions: { default: 'deny' } }),
    );
    expect(state.result?.workspace?.filesChanged, JSON.stringify(events.at(-1))).toBe(0);
    expect(dataOf(events, 'request')).toEqual([]);
  });
});
