import { describe, expect, it } from 'vitest';
import { madeUpContext } from '../made-up-context.ts';
import type { Told } from '../made-up-context.ts';
import { parseMessage } from './bridge-messages.ts';
import { createBridgeReader } from './bridge-reader.ts';

function reading() {
  const told: Told[] = [];
  const sent: object[] = [];
  const context = madeUpContext(told, {
    permissions: {
      asks: true,
      decide: ({ tool }) =>
        Promise.resolve(tool === 'Bash' ? { behavior: 'deny', message: 'no' } : { behavior: 'allow' }),
      ask: () => Promise.resolve(''),
    },
  });
  const reader = createBridgeReader({ context, answer: (line) => sent.push(line), end: () => undefined });
  const take = (message: object | string): void => {
    const line = typeof message === 'string' ? message : JSON.stringify(message);
    reader.take(parseMessage(line), line);
  };
  return { told, sent, reader, take };
}

const usage = { type: 'usage', model: 'm', input: 10, output: 2, cacheRead: 3, cacheWrite: 1 };

describe('createBridgeReader', () => {
  it.each<[string, object | string, Told]>([
    ['words', { type: 'text', text: 'a' }, { type: 'text', data: { text: 'a' } }],
    [
      'words of a member',
      { type: 'thinking', text: 'a', agent: 'Ada' },
      { type: 'thinking', data: { text: 'a', agent: 'Ada' } },
    ],
    [
      'a call, by the name that policies use',
      { type: 'tool_call', id: 'c', name: 'run_shell', input: { command: 'ls' } },
      { type: 'tool_call', data: { id: 'c', name: 'Bash', input: { command: 'ls' } } },
    ],
    [
      'tokens, of which the input counts those of a cache',
      { ...usage, cachedInInput: true },
      {
        type: 'usage',
        data: { inputTokens: 6, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 1, model: 'm' },
      },
    ],
    [
      'tokens, of which it does not',
      { ...usage, cachedInInput: false },
      {
        type: 'usage',
        data: { inputTokens: 10, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 1, model: 'm' },
      },
    ],
    ['a line that is none of its own', 'hello', { type: 'log', data: { stream: 'stdout', text: 'hello' } }],
  ])('reads %s', (_, message, want) => {
    const { told, take } = reading();
    take(message);
    expect(told).toEqual([want]);
  });

  it('sums up the tokens of each model', () => {
    const { told, take } = reading();
    take({ ...usage, cachedInInput: false });
    take({ ...usage, cachedInInput: false });
    expect(told.at(-1)?.data).toMatchObject({ inputTokens: 20, outputTokens: 4 });
  });

  it.each([
    { name: 'run_shell', answer: { permission: 7, allow: false, message: 'no' } },
    { name: 'read_file', answer: { permission: 7, allow: true } },
  ])('asks for $name', async ({ name, answer }) => {
    const { sent, take } = reading();
    take({ type: 'permission', id: 7, name, input: {} });
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(sent).toEqual([answer]);
  });

  it.each([
    { end: { type: 'done', value: 'a', stop: 'complete', ended: true }, want: { value: 'a' } },
    {
      end: { type: 'done', value: '', stop: 'complete', ended: true },
      want: { value: '', warnings: ['The agent ended without words.'] },
    },
  ])('ends with $end', ({ end, want }) => {
    const { reader, take } = reading();
    expect(reader.answer()).toBeUndefined();
    take(end);
    expect(reader.answer()).toEqual(want);
  });

  it.each([
    { end: { type: 'done', value: 'a', stop: 'length', ended: true }, says: 'a limit of tokens' },
    { end: { type: 'done', value: 'a', stop: 'refused', ended: true }, says: 'refused to answer' },
    { end: { type: 'done', value: 'a', stop: null, ended: false }, says: 'broke off' },
    {
      end: { type: 'failed', message: 'bad key', kind: 'model_provider_error' },
      says: 'the model failed: bad key',
    },
    { end: { type: 'failed', message: 'oh', kind: 'exception' }, says: 'Agno failed: oh' },
  ])('fails with $end', ({ end, says }) => {
    const { reader, take } = reading();
    take(end);
    expect(() => reader.answer()).toThrow(says);
  });
});
