import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EventData } from '../../events/event-spool.ts';
import { madeUpContext } from '../made-up-context.ts';
import { createStreamReader } from './stream-reader.ts';

function reading() {
  const events: [string, EventData][] = [];
  const tell = (type: string, data: EventData): void => void events.push([type, data]);
  const { meter } = madeUpContext([]);
  const reader = createStreamReader({
    events: {
      emit: tell,
      text: (type, text, more) => tell(type, { text, ...more }),
      flush: () => undefined,
    },
    onSession: (id) => tell('session', { id }),
    meter: {
      ...meter,
      usage: (model, usage, costUSD) =>
        tell('usage', { ...usage, ...(costUSD === undefined ? {} : { costUSD }), model }),
    },
  });
  return { reader, events };
}

/** Lines of the real program, recorded; see README.md beside them. */
function recorded(name: string) {
  const { reader, events } = reading();
  const file = path.join(import.meta.dirname, 'recorded', `${name}.jsonl`);
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) reader.line(line);
  return { events, outcome: reader.outcome() };
}

describe('lines that are not as the program writes them', () => {
  it.each([
    'no JSON',
    '{"type":"stream_event","event":null}',
    '{"type":"assistant","message":null}',
    '{"type":"assistant","message":{"content":[null]}}',
    '{"type":"user","message":{"content":[null]}}',
    '{"type":"system","subtype":"init","mcp_servers":7}',
  ])('%s is shown as it is', (line) => {
    const { reader, events } = reading();
    reader.line(line);
    expect(events.at(-1)).toEqual(['log', { stream: 'stdout', text: line }]);
    expect(reader.outcome()).toBeUndefined();
  });
});

it('two agents that speak at the same time are told apart, and nothing is said twice', () => {
  const { reader, events } = reading();
  const say = (speaker: string | null, event: object): void =>
    reader.line(JSON.stringify({ type: 'stream_event', event, parent_tool_use_id: speaker }));
  const whole = (speaker: string | null, id: string, text: string): void =>
    reader.line(
      JSON.stringify({
        type: 'assistant',
        message: { id, content: [{ type: 'text', text }] },
        parent_tool_use_id: speaker,
      }),
    );
  say(null, { type: 'message_start', message: { id: 'm1', model: 'm' } });
  say('t1', { type: 'message_start', message: { id: 'm2', model: 'm' } });
  say(null, { type: 'content_block_delta', delta: { text: 'one' } });
  whole(null, 'm1', 'one');
  whole('t1', 'm2', 'two');
  expect(events).toEqual([
    ['text', { text: 'one' }],
    ['text', { text: 'two', parent: 't1' }],
  ]);
});

describe('recorded from the real program', () => {
  it('a run with tools', () => {
    const { events, outcome } = recorded('tools');
    expect(events.map(([type]) => type)).toEqual([
      ...['status', 'thinking', 'tool_call', 'usage', 'tool_result'],
      ...['text', 'tool_call', 'usage', 'tool_result'],
      ...['tool_call', 'usage', 'tool_result'],
      ...['text', 'usage', 'session', 'usage'],
    ]);
    expect(events[1]).toEqual(['thinking', { text: 'I should read it first.' }]);
    expect(events[2]).toEqual([
      'tool_call',
      { id: 'toolu_scripted_1_0', name: 'Read', input: { file_path: '/home/agent/repo/README.md' } },
    ]);
    expect(events[4]?.[1]).toMatchObject({ id: 'toolu_scripted_1_0', isError: false });
    expect(events.at(-1)?.[1]).toMatchObject({ costUSD: expect.any(Number), model: 'claude-sonnet-4-5' });
    const sums = events.filter(([type]) => type === 'usage').map(([, data]) => Number(data['inputTokens']));
    expect(sums, 'usage is the sum so far').toEqual([...sums].sort((a, b) => a - b));
    expect(outcome).toEqual({ result: { value: 'Done with Fix the README' } });
  });

  it('a model that answers 500', () => {
    const { events, outcome } = recorded('model-error');
    expect(
      events.map(([type]) => type),
      'what the program says in the model’s name is no text',
    ).toEqual([...['status', 'log', 'session']]);
    expect(events[1]?.[1]['text']).toMatch(/^The model answered 500; try 1 of 1 in 0\.\d s$/);
    expect(outcome).toEqual({
      failure: 'ModelError',
      message: expect.stringContaining('the model fell over'),
    });
  });
});

describe('other lines', () => {
  it.each([
    { line: 'Segmentation fault', events: [['log', { stream: 'stdout', text: 'Segmentation fault' }]] },
    { line: '{"type":"rate_limit_event"}', events: [] },
    { line: '{"no":"type"}', events: [['log', { stream: 'stdout', text: '{"no":"type"}' }]] },
    { line: '{"type":"assistant","message":{}}', events: [] },
    { line: '{"type":"user","message":{"content":"words"}}', events: [] },
    {
      line: '{"type":"assistant","message":{"id":"m","content":[{"type":"text","text":"Hi"}]}}',
      events: [['text', { text: 'Hi' }]],
    },
    {
      line: '{"type":"assistant","parent_tool_use_id":"t0","message":{"content":[{"type":"tool_use","id":"t1","name":"Read"}]}}',
      events: [['tool_call', { id: 't1', name: 'Read', input: {}, parent: 't0' }]],
    },
    {
      line: '{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":[{"type":"text","text":"no"},{"type":"image"}]}]}}',
      events: [['tool_result', { id: 't', output: 'no\n[image]', isError: true }]],
    },
  ])('$line', ({ line, events: wanted }) => {
    const { reader, events } = reading();
    reader.line(line);
    expect(events).toEqual(wanted);
    expect(reader.outcome()).toBeUndefined();
  });

  it.each([
    {
      result: { subtype: 'error_max_turns', errors: ['too many turns'] },
      failure: 'AgentFailed',
      message: 'too many turns',
    },
    {
      result: { subtype: 'error_during_execution' },
      failure: 'AgentFailed',
      message: 'Claude Code ended with error_during_execution',
    },
    {
      result: { subtype: 'success', is_error: true, api_error_status: 401, result: 'bad key' },
      failure: 'ModelError',
      message: 'bad key',
    },
  ])('a result that is none: $message', ({ result, failure, message }) => {
    const { reader } = reading();
    reader.line(JSON.stringify({ type: 'result', ...result }));
    expect(reader.outcome()).toEqual({ failure, message });
  });
});
