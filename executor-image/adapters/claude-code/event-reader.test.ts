import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EventData } from '../../events/event-spool.ts';
import { RunSuspended } from '../../run-failure.ts';
import { madeUpContext } from '../made-up-context.ts';
import { EventReader } from './event-reader.ts';
import { parseMessage } from './stream-messages.ts';

function reading(signal = new AbortController().signal) {
  const events: [string, EventData][] = [];
  const tell = (type: string, data: EventData): void => void events.push([type, data]);
  const { meter } = madeUpContext([]);
  const reader = new EventReader({
    signal,
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
  return { read: (line: string) => reader.read(parseMessage(line) ?? { type: 'other' }), events };
}

/** Lines of the real program, recorded; see README.md beside them. */
function recorded(name: string): [string, EventData][] {
  const { read, events } = reading();
  const file = path.join(import.meta.dirname, 'recorded', `${name}.jsonl`);
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) read(line);
  return events;
}

it('what the program says of calls that wait for a person, as it is ended, is no result of theirs', () => {
  const suspend = new AbortController();
  const { read, events } = reading(suspend.signal);
  const content = [
    { type: 'tool_result', tool_use_id: 't1', content: 'The tool use was rejected.', is_error: true },
  ];
  suspend.abort(new RunSuspended([]));
  read(JSON.stringify({ type: 'user', message: { content } }));
  expect(events).toEqual([]);
});

it('two agents that speak at the same time are told apart, and nothing is said twice', () => {
  const { read, events } = reading();
  const say = (speaker: string | null, event: object): void =>
    read(JSON.stringify({ type: 'stream_event', event, parent_tool_use_id: speaker }));
  const whole = (speaker: string | null, id: string, text: string): void =>
    read(
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
    const events = recorded('tools');
    expect(events.map(([type]) => type)).toEqual([
      ...['session', 'status', 'thinking', 'tool_call', 'usage', 'tool_result'],
      ...['text', 'tool_call', 'usage', 'tool_result'],
      ...['tool_call', 'usage', 'tool_result'],
      ...['text', 'usage', 'session', 'usage'],
    ]);
    expect(events[2]).toEqual(['thinking', { text: 'I should read it first.' }]);
    expect(events[3]).toEqual([
      'tool_call',
      { id: 'toolu_scripted_1_0', name: 'Read', input: { file_path: '/home/agent/repo/README.md' } },
    ]);
    expect(events[5]?.[1]).toMatchObject({ id: 'toolu_scripted_1_0', isError: false });
    expect(events.at(-1)?.[1]).toMatchObject({ costUSD: expect.any(Number), model: 'claude-sonnet-4-5' });
    const sums = events.filter(([type]) => type === 'usage').map(([, data]) => Number(data['inputTokens']));
    expect(sums, 'usage is the sum so far').toEqual([...sums].sort((a, b) => a - b));
  });

  it('a model that answers 500', () => {
    const events = recorded('model-error');
    expect(
      events.map(([type]) => type),
      'what the program says in the model’s name is no text',
    ).toEqual(['session', 'status', 'log', 'session']);
    expect(events[2]?.[1]['text']).toMatch(/^The model answered 500; try 1 of 1 in 0\.\d s$/);
  });
});

describe('other lines', () => {
  const note = (text: string): [string, EventData] => ['log', { stream: 'agent', text }];
  it.each([
    {
      line: '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","rateLimitType":"five_hour","resetsAt":1795993652}}',
      events: [note('The limit five_hour is used up until 2026-11-29T23:07:32.000Z')],
    },
    { line: '{"type":"rate_limit_event","rate_limit_info":{"status":"allowed"}}', events: [] },
    {
      line: '{"type":"system","subtype":"compact_boundary","compact_metadata":{"trigger":"auto","pre_tokens":150000,"post_tokens":9000}}',
      events: [note('The conversation was summarized: from 150000 to 9000 tokens')],
    },
    {
      line: '{"type":"system","subtype":"model_refusal_no_fallback","original_model":"m"}',
      events: [note('The model m refused to answer')],
    },
    {
      line: '{"type":"system","subtype":"session_writes_lost","error_code":"ENOSPC","lost":["transcript"]}',
      events: [note('The disk is full; not saved: transcript')],
    },
    {
      line: '{"type":"system","subtype":"permission_denied","tool_name":"Bash","message":"no"}',
      events: [note('Bash was denied: no')],
    },
    { line: '{"type":"rate_limit_event"}', events: [] },
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
    const { read, events } = reading();
    read(line);
    expect(events).toEqual(wanted);
  });
});
