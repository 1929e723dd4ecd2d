import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelService } from '../../kit/model-script.ts';
import type { ModelService } from '../../kit/model-script.ts';
import { collect, firstEvent, startRunner } from '../../kit/runner.ts';
import type { RunWithModel } from '../../kit/runner.ts';

/** Work that does not end with the answer, and what it costs: agents of the agent, and commands in the background. */
const SCRIPT = `
- when: { contains: do the small thing }
  steps:
    - toolCall: { name: Bash, input: { command: echo inner, description: Inner } }
      usage: { inputTokens: 1000, outputTokens: 500 }
    - reply: The small thing is done.
      usage: { inputTokens: 1000, outputTokens: 500 }
- when: { contains: with a helper that hangs, hasToolResult: false }
  toolCall: { name: Task, input: { description: helper, prompt: hang for ever, subagent_type: general-purpose } }
  usage: { inputTokens: 10, outputTokens: 5 }
- when: { contains: hang for ever }
  hang: true
- when: { matches: 'with a helper(?P<how> in the background)?', hasToolResult: false, turn: 1 }
  toolCall: { name: Task, input: { description: helper, prompt: do the small thing, subagent_type: general-purpose, run_in_background: false } }
  usage: { inputTokens: 10, outputTokens: 5 }
- when: { contains: with a helper }
  reply: With help.
  usage: { inputTokens: 10, outputTokens: 5 }
- when: { contains: for long in the background, hasToolResult: false, turn: 1 }
  toolCall: { name: Bash, input: { command: sleep 600, description: Sleep long, run_in_background: true } }
- when: { contains: in the background, hasToolResult: false, turn: 1 }
  toolCall: { name: Bash, input: { command: sleep 2 && touch done, description: Sleep, run_in_background: true } }
- reply: Started.
`;

const stack = new AsyncDisposableStack();
let model: ModelService;
beforeAll(async () => {
  model = stack.use(await modelService(SCRIPT));
});
afterAll(() => stack.disposeAsync());

const id = (name: string): string => `${name}-${process.pid}`;
const request = (prompt: string, more: Partial<RunWithModel> = {}): RunWithModel => ({
  shell: { type: 'ClaudeCode' },
  agent: { name: 'Ada' },
  model: { protocol: 'anthropic', name: 'scripted-model', baseURL: model.url, apiKey: 'k' },
  prompt,
  timeoutSeconds: 60,
  ...more,
});

it('the calls of an agent that the agent has started count', async () => {
  await using runner = await startRunner();
  const { state } = await runner.finish(id('helper'), request('Do it with a helper'));
  const usage = { inputTokens: 2020, outputTokens: 1010 };
  expect(state.result, JSON.stringify(state)).toMatchObject({
    value: 'With help.',
    usage,
    models: { 'scripted-model': usage },
  });
});

it('a run that is cancelled tells what it has used up', async () => {
  await using runner = await startRunner();
  await runner.start(id('cut'), request('Do it with a helper that hangs'));
  await firstEvent(runner.events(id('cut')), (event) => event.type === 'usage');
  await runner.cancel(id('cut'));
  await collect(runner.events(id('cut')));
  const state = await runner.state(id('cut'));
  expect(state).toMatchObject({
    phase: 'Cancelled',
    result: { usage: { inputTokens: 10, outputTokens: 5 }, turns: 1, sessionId: expect.any(String) },
  });
});

it('what it has left in the background is finished before the run is', async () => {
  await using runner = await startRunner();
  const { state } = await runner.finish(id('background'), request('Sleep in the background'));
  expect(state, JSON.stringify(state)).toMatchObject({ phase: 'Succeeded', result: { value: 'Started.' } });
  expect(state.result).not.toHaveProperty('warnings');
  expect(existsSync(path.join(runner.workspace, 'done'))).toBe(true);
});

it('what takes too long in the background is ended, and the result says so', async () => {
  await using runner = await startRunner();
  const limits = { idleSeconds: 10 };
  const { state } = await runner.finish(
    id('cut-off'),
    request('Sleep for long in the background', { limits }),
  );
  expect(state, JSON.stringify(state)).toMatchObject({
    phase: 'Succeeded',
    result: { value: 'Started.', warnings: ['What the agent left running was ended after 8 s: Sleep long'] },
  });
});
