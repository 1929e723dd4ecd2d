import { describe, expect, it } from 'vitest';
import { madeUpContext } from '../made-up-context.ts';
import type { AdapterContext } from '../adapter.ts';
import type { ToolCall } from '../../run/permissions.ts';
import { ToolPermissions } from './tool-permissions.ts';

const NEVER = new AbortController().signal;

function permissions(parts: Partial<AdapterContext> = {}) {
  const calls: ToolCall[] = [];
  const context = madeUpContext([], {
    permissions: {
      asks: true,
      decide(call) {
        calls.push(call);
        return Promise.resolve(
          call.tool === 'Bash' ? { behavior: 'deny', message: 'not that' } : { behavior: 'allow' },
        );
      },
      ask: (message, options) => Promise.resolve(`${message} ${options.at(-1)}`),
    },
    ...parts,
  });
  return { calls, permissions: new ToolPermissions(context) };
}

const hook = (tool: string, input: object = {}) => ({
  subtype: 'hook_callback',
  callback_id: 'tool',
  input: { hook_event_name: 'PreToolUse', tool_name: tool, tool_input: input, tool_use_id: `id-${tool}` },
});
const decision = (value: string, reason?: string) => ({
  hookSpecificOutput: {
    hookEventName: 'PreToolUse',
    permissionDecision: value,
    ...(reason && { permissionDecisionReason: reason }),
  },
});

describe('before each use of a tool', () => {
  it.each([
    { tool: 'Read', level: 'readOnly', answer: decision('allow') },
    { tool: 'Write', level: 'safe', answer: decision('allow') },
    { tool: 'Bash', level: 'privileged', answer: decision('deny', 'not that') },
    { tool: 'Unheard', level: 'privileged', answer: decision('allow') },
    { tool: 'mcp__mine__say', level: 'privileged', answer: decision('allow') },
  ])('$tool is judged as $level', async ({ tool, level, answer }) => {
    const { permissions: ours, calls } = permissions();
    expect(await ours.answer(hook(tool, { a: 1 }), NEVER)).toEqual(answer);
    expect(calls).toEqual([{ tool, level, input: { a: 1 } }]);
  });

  it('tools behind the gate are judged there', async () => {
    const { permissions: ours, calls } = permissions({
      toolServers: [{ name: 'mine', url: 'http://127.0.0.1:1/mine', token: 't' }],
    });
    expect(await ours.answer(hook('mcp__mine__say'), NEVER)).toEqual(decision('allow'));
    expect(calls).toEqual([]);
  });

  it('the program’s own question for the same call gets the same answer, without another question', async () => {
    const { permissions: ours, calls } = permissions();
    await ours.answer(hook('Bash'), NEVER);
    const question = { subtype: 'can_use_tool', tool_name: 'Bash', input: {}, tool_use_id: 'id-Bash' };
    expect(await ours.answer(question, NEVER)).toEqual({ behavior: 'deny', message: 'not that' });
    expect(calls).toHaveLength(1);
    const other = { ...question, tool_name: 'Edit', input: { f: 1 }, tool_use_id: 'other' };
    expect(await ours.answer(other, NEVER)).toEqual({ behavior: 'allow', updatedInput: { f: 1 } });
    expect(calls).toHaveLength(2);
  });
});

it('questions of the agent go to a person, each one', async () => {
  const { permissions: ours, calls } = permissions();
  const questions = [
    { question: 'Which colour?', options: [{ label: 'Red' }, { label: 'Blue' }] },
    { question: 'How much?', options: [{ label: 'All' }] },
  ];
  const input = { questions };
  expect(await ours.answer(hook('AskUserQuestion', input), NEVER), 'no decision').toEqual({});
  const question = { subtype: 'can_use_tool', tool_name: 'AskUserQuestion', input, tool_use_id: 'q' };
  expect(await ours.answer(question, NEVER)).toEqual({
    behavior: 'allow',
    updatedInput: {
      questions,
      answers: { 'Which colour?': 'Which colour? Blue', 'How much?': 'How much? All' },
    },
  });
  expect(calls).toEqual([]);
});

it('what a tool server wants to know of a person is declined, and what is not known is an error', async () => {
  const { permissions: ours } = permissions();
  expect(await ours.answer({ subtype: 'elicitation' }, NEVER)).toEqual({ action: 'decline' });
  await expect(ours.answer({ subtype: 'mcp_message' }, NEVER)).rejects.toThrow(
    'mcp_message is not supported',
  );
});

it.each([undefined, null, 7, { questions: 7 }, { questions: [null] }])(
  'input that is not as the program writes it: %j',
  async (input) => {
    const { permissions: ours } = permissions();
    const question = { subtype: 'can_use_tool', tool_name: 'AskUserQuestion', input };
    await expect(ours.answer(question, NEVER)).resolves.toMatchObject({ behavior: 'allow' });
    await expect(ours.answer({ subtype: 'hook_callback', input }, NEVER)).resolves.toBeDefined();
  },
);
