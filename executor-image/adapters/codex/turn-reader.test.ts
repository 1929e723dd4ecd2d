import { describe, expect, it } from 'vitest';
import { madeUpContext } from '../made-up-context.ts';
import type { Told } from '../made-up-context.ts';
import { createTurnReader } from './turn-reader.ts';

type Note = [method: string, params: Record<string, unknown>];

function read(...notes: Note[]): Told[] {
  const told: Told[] = [];
  const reader = createTurnReader({ context: madeUpContext(told), threadId: () => 't', model: 'm' });
  for (const [method, params] of notes) reader.take(method, { threadId: 't', ...params });
  return told;
}

const item = (kind: 'started' | 'completed', fields: object): Note => [`item/${kind}`, { item: fields }];
const log = (text: string): Told => ({ type: 'log', data: { stream: 'agent', text } });
const tokens = (inputTokens: number, outputTokens: number) => ({
  totalTokens: inputTokens + outputTokens,
  inputTokens,
  cachedInputTokens: 1,
  cacheWriteInputTokens: 2,
  outputTokens,
});
const counted = (total: object): Note => [
  'thread/tokenUsage/updated',
  { tokenUsage: { total, last: total } },
];
const call = { type: 'mcpToolCall', id: 'c', server: 's', tool: 'find', arguments: { q: 'x' } };

describe('createTurnReader', () => {
  it.each<[string, Note[], Told[]]>([
    [
      'a call of a tool of an MCP server',
      [
        item('started', { ...call, status: 'inProgress' }),
        item('completed', {
          ...call,
          status: 'completed',
          result: { content: [{ type: 'text', text: 'found' }, { type: 'image' }] },
        }),
      ],
      [
        { type: 'tool_call', data: { id: 'c', name: 'mcp__s__find', input: { q: 'x' } } },
        { type: 'tool_result', data: { id: 'c', output: 'found\n[image]', isError: false } },
      ],
    ],
    [
      'a call that came whole, and failed',
      [item('completed', { ...call, arguments: null, status: 'failed', error: { message: 'gone' } })],
      [
        { type: 'tool_call', data: { id: 'c', name: 'mcp__s__find', input: {} } },
        { type: 'tool_result', data: { id: 'c', output: 'gone', isError: true } },
      ],
    ],
    [
      'a plan',
      [
        [
          'turn/plan/updated',
          {
            plan: [
              { step: 'look', status: 'completed' },
              { step: 'do', status: 'inProgress' },
              { step: 'tell', status: 'pending' },
            ],
          },
        ],
      ],
      [log('[x] look\n[>] do\n[ ] tell')],
    ],
    [
      'tokens of this run, and not of those before',
      [counted(tokens(10, 5)), ['turn/started', {}], counted(tokens(30, 6))],
      [
        {
          type: 'usage',
          data: { inputTokens: 20, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, model: 'm' },
        },
      ],
    ],
    [
      'a call of the model that is made again',
      [
        [
          'error',
          {
            error: {
              message: 'Reconnecting... 1/4',
              additionalDetails: 'status 429, url: http://127.0.0.1/v1/responses',
            },
            willRetry: true,
          },
        ],
      ],
      [log('The model gave no answer; Reconnecting... 1/4: status 429')],
    ],
    ['a warning', [['warning', { message: 'beware' }]], [log('beware')]],
    ['a warning of no use', [['warning', { message: 'Model metadata for `m` not found.' }]], []],
    [
      'a server that does not start',
      [['mcpServer/startupStatus/updated', { name: 's', status: 'failed', error: 'timed out' }]],
      [log('MCP server s cannot be used: timed out')],
    ],
    ['what another thread says', [['item/agentMessage/delta', { threadId: 'other', delta: 'a' }]], []],
    ['what is not known', [['weather/changed', {}], item('started', { type: 'dance', id: 'd' })], []],
    [
      'what has another shape',
      [
        ['item/started', {}],
        ['item/completed', { item: null }],
        ['turn/completed', {}],
      ],
      [
        log('Codex told something that cannot be read: item/started'),
        log('Codex told something that cannot be read: item/completed'),
        log('Codex told something that cannot be read: turn/completed'),
      ],
    ],
  ])('reads %s', (_, notes, want) => expect(read(...notes)).toEqual(want));

  it.each([
    { turn: { status: 'completed', error: null }, want: { status: 'completed', words: 'done' } },
    { turn: { status: 'interrupted', error: null }, want: { status: 'interrupted', words: 'done' } },
  ])('a turn ends: $turn.status', async ({ turn, want }) => {
    const reader = createTurnReader({ context: madeUpContext([]), threadId: () => 't', model: 'm' });
    reader.take('item/completed', { item: { type: 'agentMessage', id: 'a', text: 'done' } });
    reader.take('turn/completed', { turn });
    expect(await reader.turnEnd()).toEqual(want);
  });

  it('a turn fails', async () => {
    const reader = createTurnReader({ context: madeUpContext([]), threadId: () => 't', model: 'm' });
    const end = reader.turnEnd();
    reader.take('turn/completed', { turn: { status: 'failed', error: null } });
    await expect(end).rejects.toMatchObject({ reason: 'AgentFailed' });
  });

  it.each([
    { event: 'turn/started', reason: 'it has begun' },
    { event: 'turn/completed', reason: 'it has failed at once' },
  ])('a turn can be interrupted: $reason', async ({ event }) => {
    const reader = createTurnReader({ context: madeUpContext([]), threadId: () => 't', model: 'm' });
    const start = reader.turnStart();
    const end = reader.turnEnd().catch((error: unknown) => error);
    reader.take(event, { turn: { status: 'failed', error: null } });
    await start;
    reader.take('turn/completed', { turn: { status: 'failed', error: null } });
    expect(await end).toMatchObject({ reason: 'AgentFailed' });
  });
});
