import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inheritedEnvironment } from '../../config.ts';
import { Controls } from '../../run/run-controls.ts';
import { RunCancelled } from '../../run-failure.ts';
import type { AdapterContext, AgentRequest } from '../adapter.ts';
import { madeUpContext } from '../made-up-context.ts';
import type { Told } from '../made-up-context.ts';
import { acpAdapter } from './acp-adapter.ts';

/** An agent of the protocol that a test makes behave as it likes; real ones are in test/integration/adapters. */
const AGENT = `
const send = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }));
const update = (update) => send({ method: 'session/update', params: { sessionId: 's1', update } });
const say = (text) => update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
const answers = {
  initialize: () => ({ protocolVersion: 1, agentCapabilities: { loadSession: true } }),
  'session/new': () => ({ sessionId: 's1' }),
  'session/load': () => { say('an old word'); return {}; },
  'session/prompt': ({ prompt }) => {
    for (const { text } of prompt) say('<' + text + '>');
    return { stopReason: 'end_turn' };
  },
  'session/cancel': () => undefined,
};
require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === undefined) return answers.response?.(JSON.parse(line));
  try {
    const result = await answers[method]?.(params);
    if (id !== undefined && result !== 'no answer') send({ id, result });
  } catch (error) {
    send({ id, error: { code: error.code ?? -32603, message: error.message } });
  }
});
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-acp-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface TalkOptions {
  request?: Partial<AgentRequest>;
  context?: Partial<AdapterContext>;
}

/** `behaviour` is code that changes the agent above. */
function talk(behaviour: string, { request, context }: TalkOptions = {}) {
  const file = path.join(folder, 'agent.cjs');
  writeFileSync(file, `${AGENT}\n${behaviour}`);
  const told: Told[] = [];
  const sessions: string[] = [];
  const made = madeUpContext(told, {
    ...{ folder, home: folder, runId: path.basename(folder), environment: inheritedEnvironment() },
    onSession: (id) => void sessions.push(id),
    ...context,
  });
  const done = acpAdapter().run(
    {
      shell: { type: 'ACP', command: [process.execPath, file] },
      agent: { name: 'a', systemPrompt: 'Be brief.' },
      prompt: 'the prompt',
      timeoutSeconds: 60,
      ...request,
    },
    made,
  );
  return { done, told, sessions };
}

describe('an agent', () => {
  it('gets instructions and prompt, and its words are the answer', async () => {
    const { done, sessions } = talk('');
    expect(await done).toEqual({ value: '<Be brief.><the prompt>' });
    expect(sessions).toEqual(['s1']);
  });

  it('goes on with a session; what it tells of the past is not told a second time', async () => {
    const { done, told, sessions } = talk('', { request: { session: { id: 's0' } } });
    expect(await done).toEqual({ value: '<the prompt>' });
    expect(sessions).toEqual(['s0']);
    expect(told.map(({ data }) => data['text'])).toEqual(['<the prompt>']);
  });

  it('tells a tool call once, with all that its updates say', async () => {
    const { done, told } = talk(`
      answers['session/prompt'] = () => {
        update({ sessionUpdate: 'tool_call', toolCallId: 't', title: 'Run', kind: 'execute', status: 'pending' });
        update({ sessionUpdate: 'tool_call_update', toolCallId: 't', rawInput: { command: 'ls' }, status: 'in_progress' });
        update({ sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'completed', content: [{ type: 'content', content: { type: 'text', text: 'a b' } }] });
        update({ sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'completed' });
        say('Done.');
        return { stopReason: 'end_turn' };
      };`);
    expect(await done).toEqual({ value: 'Done.' });
    expect(told).toEqual([
      { type: 'tool_call', data: { id: 't', name: 'execute', input: { command: 'ls' } } },
      { type: 'tool_result', data: { id: 't', output: 'a b', isError: false } },
      { type: 'text', data: { text: 'Done.' } },
    ]);
  });

  it.each([
    { behavior: 'allow' as const, chosen: 'yes' },
    { behavior: 'deny' as const, chosen: 'no' },
  ])('that asks is answered by the policy, once and not always: $behavior', async ({ behavior, chosen }) => {
    const { done } = talk(
      `
      answers['session/prompt'] = () => new Promise((resolve) => {
        answers.response = ({ result }) => { say(result.outcome.optionId); resolve({ stopReason: 'end_turn' }); };
        send({ id: 7, method: 'session/request_permission', params: { sessionId: 's1', toolCall: { toolCallId: 't', kind: 'edit' }, options: [
          { optionId: 'always', name: 'a', kind: 'allow_always' }, { optionId: 'yes', name: 'y', kind: 'allow_once' },
          { optionId: 'no', name: 'n', kind: 'reject_once' } ] } });
      });`,
      {
        context: {
          permissions: {
            asks: true,
            decide: () => Promise.resolve(behavior === 'allow' ? { behavior } : { behavior, message: 'no' }),
            ask: () => Promise.resolve(''),
          },
        },
      },
    );
    expect(await done).toEqual({ value: chosen });
  });

  it('takes words while it works, as its next turn', async () => {
    const controls = new Controls();
    const { done, told } = talk(
      `
      const first = answers['session/prompt'];
      answers['session/prompt'] = (params) => {
        if (params.prompt.length === 1) return first(params);
        say('working');
        return new Promise((resolve) => { answers['session/cancel'] = () => resolve({ stopReason: 'cancelled' }); });
      };`,
      { context: { controls } },
    );
    await expect.poll(() => told.length).toBe(1);
    expect(await controls.take({ id: '1', type: 'message', text: 'something else' })).toBe(true);
    expect(await controls.take({ id: '2', type: 'interrupt' })).toBe(true);
    expect(await done).toEqual({ value: 'working<something else>' });
  });

  it.each([
    {
      why: 'a version of later days',
      behaviour: `answers.initialize = () => ({ protocolVersion: 2 });`,
      reason: 'StartFailed',
      message: 'the agent speaks version 2 of the Agent Client Protocol, not 1',
    },
    {
      why: 'a login',
      behaviour: `answers['session/new'] = () => { throw Object.assign(new Error('no'), { code: -32000 }); };`,
      reason: 'StartFailed',
      message: 'the agent wants a login: give its key by the Model',
    },
    {
      why: 'a refusal',
      behaviour: `answers['session/prompt'] = () => ({ stopReason: 'refusal' });`,
      reason: 'ModelRefused',
      message: 'the model refused to answer',
    },
    {
      why: 'a cut answer',
      behaviour: `answers['session/prompt'] = () => ({ stopReason: 'max_tokens' });`,
      reason: 'AnswerCut',
      message: /not complete/,
    },
    {
      why: 'an error in its turn',
      behaviour: `answers['session/prompt'] = () => { throw new Error('the model fell over'); };`,
      reason: 'AgentFailed',
      message: /the model fell over/,
    },
    {
      why: 'an exit in the middle',
      behaviour: `answers['session/prompt'] = () => { console.error('out of luck'); process.exit(3); };`,
      reason: 'AgentFailed',
      message: /ended with code 3 in the middle of its turn: out of luck|out of luck/,
    },
    { why: 'an exit at once', behaviour: `process.exit(0);`, reason: 'AgentFailed', message: /agent/ },
    {
      why: 'something that is no result',
      behaviour: `answers['session/prompt'] = () => ({ stopReason: 'because' });`,
      reason: 'AgentFailed',
      message: /because|agent/,
    },
  ])('fails with a reason: $why', async ({ behaviour, reason, message }) => {
    await expect(talk(behaviour).done).rejects.toMatchObject({
      reason,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  it('that opens a new session where it does not find the old one fails', async () => {
    const { done } = talk(`answers['session/load'] = () => ({});`, { request: { session: { id: 's0' } } });
    await expect(done).rejects.toMatchObject({
      reason: 'StartFailed',
      message: 'the agent does not know the session s0',
    });
  });

  it('that answers an interrupt with an error goes on', async () => {
    const controls = new Controls();
    const { done, told } = talk(
      `
      const first = answers['session/prompt'];
      answers['session/prompt'] = (params) => {
        if (params.prompt.length === 1) return first(params);
        say('working');
        return new Promise((_, reject) => { answers['session/cancel'] = () => reject(new Error('aborted')); });
      };`,
      { context: { controls } },
    );
    await expect.poll(() => told.length).toBe(1);
    expect(await controls.take({ id: '1', type: 'interrupt' })).toBe(true);
    expect(await controls.take({ id: '2', type: 'message', text: 'something else' })).toBe(true);
    expect(await done).toEqual({ value: 'working<something else>' });
  });

  it('tells what it has cost, of this run alone', async () => {
    const { done, told } = talk(
      `
      const spend = (amount, currency = 'USD') => update({ sessionUpdate: 'usage_update', used: 1, size: 2, cost: { amount, currency } });
      answers['session/load'] = () => { say('an old word'); spend(0.5); return {}; };
      answers['session/prompt'] = () => { spend(9, 'EUR'); spend(0.75); return { stopReason: 'end_turn' }; };`,
      { request: { session: { id: 's0' } } },
    );
    await done;
    expect(told).toEqual([{ type: 'usage', data: { costUSD: 0.25, model: 'model' } }]);
  });

  it('that prints other things is heard all the same', async () => {
    const { done, told } = talk(
      `console.log('Welcome!'); console.log('{"half": '); console.log('{"jsonrpc": "1"}');`,
    );
    expect(await done).toMatchObject({ value: '<Be brief.><the prompt>' });
    expect(told.filter(({ type }) => type === 'log').map(({ data }) => data['text'])).toEqual([
      ...['Welcome!', '{"half": ', '{"jsonrpc": "1"}'],
    ]);
  });

  it('is asked to cancel, and ended when it does not heed', async () => {
    const stop = new AbortController();
    const { done, told } = talk(
      `answers['session/prompt'] = () => { say('working'); return 'no answer'; }; process.on('SIGTERM', () => process.exit(0));`,
      { context: { signal: stop.signal } },
    );
    await expect.poll(() => told.length).toBe(1);
    stop.abort(new RunCancelled('cancelled'));
    await expect(done).rejects.toBeInstanceOf(RunCancelled);
  });
});
