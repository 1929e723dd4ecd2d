import { describe, expect, it } from 'vitest';
import type { RunRequest } from '#executor-manager/protocol/run';
import { difyAdapter } from '#executor-image/adapters/dify/dify-adapter';
import { madeUpContext } from '#executor-image/adapters/made-up-context';
import type { Told } from '#executor-image/adapters/made-up-context';
import { Controls } from '#executor-image/run/run-controls';
import { difyService } from '../../kit/dify-service.ts';
import type { DifyMode, DifyStep } from '../../kit/dify-service.ts';

/** The Dify adapter against a service that answers as the documented one does, and as it should not. */

type Reply = DifyStep[] | { status: number; body: Record<string, unknown>; headers?: Record<string, string> };
const KEY = 'app-key';

interface Given {
  mode?: DifyMode;
  request?: Partial<RunRequest>;
  env?: Record<string, string>;
  key?: string;
  /** One for each run that is asked for; the last one again. */
  replies?: Reply[];
  /** Called when the first words have come. */
  onWords?: (by: { cancel: () => void; controls: Controls }) => void;
}

async function ask(given: Given = {}) {
  const { mode = 'chat', replies = [[]] } = given;
  let asked = 0;
  const reply = () => replies[Math.min(asked++, replies.length - 1)] ?? [];
  await using service = await difyService({ [KEY]: { mode, reply } });
  const told: Told[] = [];
  const sessions: string[] = [];
  const cancelled = new AbortController();
  const controls = new Controls();
  const context = madeUpContext(told, {
    ...{ runId: 'run-1', signal: cancelled.signal, controls },
    clock: { now: () => 0, elapsed: () => 0, after: (_ms, fn) => (setImmediate(fn), () => undefined) },
    onSession: (id) => void sessions.push(id),
  });
  const { text } = context.events;
  context.events.text = (type, words, more) => {
    text(type, words, more);
    given.onWords?.({ cancel: () => cancelled.abort(new Error('cancelled')), controls });
  };
  const request = {
    shell: { type: 'Dify' as const },
    agent: { name: 'a' },
    prompt: 'How are you?',
    timeoutSeconds: 60,
    ...given.request,
    model: {
      ...{ protocol: 'dify' as const, name: '', baseURL: `${service.url}/v1`, apiKey: given.key ?? KEY },
      ...(given.env && { env: given.env }),
    },
  };
  type Result = { value?: Awaited<ReturnType<typeof adapter.run>>; error?: Error & { reason?: string } };
  const adapter = difyAdapter();
  const result: Result = await adapter.run(request, context).then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  );
  const { runs, stopped, uploads } = service;
  return { ...result, told, runs, stopped, uploads, sessions };
}

const message = (answer: string): DifyStep => ({ event: 'message', answer });
const end = (usage?: object): DifyStep => ({
  event: 'message_end',
  metadata: { ...(usage && { usage }), retriever_resources: [] },
});
const USAGE = {
  prompt_tokens: 1033,
  prompt_unit_price: '0.001',
  completion_tokens: 128,
  total_tokens: 1161,
  total_price: '0.0012890',
  currency: 'USD',
  latency: 0.76,
};
const finished = (data: object): DifyStep => ({
  event: 'workflow_finished',
  data: { total_tokens: 0, ...data },
});

describe('a chat application', () => {
  it('streams its answer, counts it, and names its conversation', async () => {
    const { value, told, runs, sessions } = await ask({
      replies: [[message('I am '), { event: 'ping' }, message('fine.'), end(USAGE)]],
    });
    expect(value).toEqual({ value: 'I am fine.' });
    expect(runs).toEqual([
      {
        ...{ query: 'How are you?', inputs: {}, response_mode: 'streaming' },
        ...{ user: 'troupe-run-1', auto_generate_name: false },
      },
    ]);
    expect(told).toContainEqual({
      type: 'usage',
      data: {
        ...{ inputTokens: 1033, outputTokens: 128, cacheReadTokens: 0, cacheWriteTokens: 0 },
        ...{ costUSD: 0.001289, model: 'the chat' },
      },
    });
    expect(new Set(sessions).size).toBe(1);
    expect(sessions[0]).toMatch(/^troupe-run-1\/[0-9a-f-]{36}$/);
  });

  it('goes on with a conversation, as the same user', async () => {
    const { error } = await ask({ request: { session: { id: 'troupe-run-0/gone' } } });
    expect(error).toMatchObject({
      reason: 'ModelError',
      message: 'Dify answered 404 (not_found): Conversation Not Exists.',
    });
  });

  it('takes variables from Ghost, Model and prompt, the nearest first', async () => {
    const { runs } = await ask({
      env: { DIFY_PARAMS: '{"b": 2, "c": 2}' },
      request: {
        agent: { name: 'a', systemPrompt: '{"difyAppId": "x", "params": {"a": 1, "b": 1}}' },
        prompt: '[EXTERNAL_API_PARAMS]{"c": 3}[/EXTERNAL_API_PARAMS]\nHello',
      },
      replies: [[message('Hi'), end()]],
    });
    expect(runs[0]).toMatchObject({ query: 'Hello', inputs: { a: 1, b: 2, c: 3 } });
  });

  it('hands pictures on', async () => {
    const data = Buffer.from('a picture').toString('base64');
    const { runs, uploads } = await ask({
      request: { images: [{ mediaType: 'image/png', data }] },
      replies: [[message('A picture.'), end()]],
    });
    expect(uploads).toEqual([{ user: 'troupe-run-1', name: 'image-1.png', type: 'image/png', size: 9 }]);
    expect(runs[0]?.['files']).toEqual([
      { type: 'image', transfer_method: 'local_file', upload_file_id: 'file-1' },
    ]);
  });

  it('replaces its words when its moderation says so', async () => {
    const { value, told } = await ask({
      replies: [[message('a secret'), { event: 'message_replace', answer: 'I cannot say.' }, end()]],
    });
    expect(value).toEqual({ value: 'I cannot say.' });
    expect(told).toContainEqual({ type: 'text', data: { text: 'I cannot say.', replaces: true } });
  });
});

it('an agent shows its steps, each once', async () => {
  const thought = (more: object): DifyStep => ({ event: 'agent_thought', id: 't1', position: 1, ...more });
  const called = {
    thought: 'I look.',
    tool: 'search;draw',
    tool_input: '{"search": {"q": "x"}, "draw": {}}',
  };
  const { value, told } = await ask({
    mode: 'agent-chat',
    replies: [
      [
        thought({ thought: '', tool: '', observation: '' }),
        thought({ ...called, observation: '' }),
        thought({ ...called, observation: 'found' }),
        thought({ ...called, observation: 'found' }),
        { event: 'message_file', id: 'f', type: 'image', belongs_to: 'assistant', url: 'https://d/f.png' },
        { event: 'agent_message', answer: 'Here it is.' },
        thought({ id: 't2', position: 2, thought: 'Here it is.', tool: '', observation: '' }),
        end(USAGE),
      ],
    ],
  });
  expect(value).toEqual({ value: 'Here it is.' });
  expect(told.slice(1, -1)).toEqual([
    { type: 'thinking', data: { text: 'I look.' } },
    { type: 'tool_call', data: { id: 't1-1', name: 'search', input: { q: 'x' } } },
    { type: 'tool_call', data: { id: 't1-2', name: 'draw', input: {} } },
    { type: 'tool_result', data: { id: 't1-2', output: 'found', isError: false } },
    { type: 'log', data: { stream: 'agent', text: 'File (image): https://d/f.png' } },
    { type: 'text', data: { text: 'Here it is.' } },
  ]);
});

it('a completion application gets the prompt as its variable', async () => {
  const { value, runs } = await ask({ mode: 'completion', replies: [[message('Done.'), end()]] });
  expect(value).toEqual({ value: 'Done.' });
  expect(runs[0]).toEqual({
    ...{ inputs: { query: 'How are you?' }, response_mode: 'streaming', user: 'troupe-run-1' },
  });
});

describe('a workflow', () => {
  const workflow = (replies: Reply[], more: Given = {}) => ask({ mode: 'workflow', replies, ...more });
  const node = (event: string, more: object = {}): DifyStep => ({
    event,
    data: { node_id: 'n', node_type: 'llm', title: 'Write', ...more },
  });

  it('shows its nodes and ends with its only output', async () => {
    const { value, told, runs } = await workflow([
      [
        { event: 'workflow_started', data: {} },
        node('node_started'),
        { event: 'text_chunk', data: { text: 'Once' } },
        { event: 'text_replace', data: { text: 'Twice' } },
        node('node_retry', { error: 'busy' }),
        node('node_finished', { status: 'succeeded' }),
        finished({ status: 'succeeded', outputs: { text: 'Twice upon a time' }, total_tokens: 7 }),
      ],
    ]);
    expect(value).toEqual({ value: 'Twice upon a time' });
    expect(runs[0]?.['inputs']).toEqual({ query: 'How are you?' });
    expect(told.map(({ data }) => data['message'] ?? data['text'] ?? data['inputTokens'])).toEqual([
      'Dify application the workflow (workflow)',
      'The workflow has started',
      'Node Write (llm)',
      'Once',
      'The service has replaced all words so far by these',
      'Twice',
      'Node Write (llm) is tried again: busy',
      7,
    ]);
  });

  it('gives all of its outputs where a schema asks for an object', async () => {
    const outputs = { a: 1, b: ['x'] };
    const reply = [finished({ status: 'succeeded', outputs })];
    const plain = await workflow([reply]);
    expect(plain.value).toEqual({ value: JSON.stringify(outputs, null, 2) });
    const structured = await workflow([reply], { request: { output: { schema: { type: 'object' } } } });
    expect(structured.value?.output).toEqual(outputs);
  });

  it('leaves a variable alone that is named as its author did', async () => {
    const { runs } = await workflow([[finished({ status: 'succeeded', outputs: {} })]], {
      env: { DIFY_PARAMS: '{"user_query": "mine"}' },
    });
    expect(runs[0]?.['inputs']).toEqual({ user_query: 'mine' });
  });

  it('warns of parts that failed', async () => {
    const { value } = await workflow([
      [finished({ status: 'partial-succeeded', outputs: { a: 'b' }, error: 'one node' })],
    ]);
    expect(value).toEqual({ value: 'b', warnings: ['Parts of the workflow failed: one node.'] });
  });

  it.each([
    [
      'failed',
      finished({ status: 'failed', error: 'no credit' }),
      'ModelError',
      'the workflow failed: no credit',
    ],
    [
      'stopped by somebody',
      finished({ status: 'stopped' }),
      'AgentFailed',
      'the workflow was stopped at Dify',
    ],
    [
      'waiting for a person',
      { event: 'human_input_required', data: { node_title: 'Approve' } },
      'AgentFailed',
      'the workflow waits for a person at Dify (Approve)',
    ],
  ] as const)('%s is a failure', async (_, step, reason, text) => {
    const { error } = await workflow([[node('node_started'), step]]);
    expect(error).toMatchObject({ reason, message: expect.stringContaining(text) });
  });
});

describe('an answer that is none', () => {
  it.each<[string, Reply, string]>([
    [
      'an error within a stream that had begun well',
      [message('I'), { event: 'error', status: 400, code: 'provider_quota_exceeded', message: 'no credit' }],
      'the application failed: no credit (provider_quota_exceeded)',
    ],
    ['no end', [message('I am')], 'the answer of the application broke off before its end'],
    [
      'a connection that is cut',
      [message('I am'), { close: true }],
      'the answer of the application broke off',
    ],
    ['nothing but an end', [end()], 'the application ended without an answer'],
    ['no JSON', [{ raw: 'data: {"event":\n\n' }], 'it sent an event that is not JSON'],
    ['an event without end', [{ raw: `data: ${'x'.repeat(9 * 1024 * 1024)}` }], 'an event without end'],
    [
      'a refusal',
      { status: 400, body: { code: 'app_unavailable', message: 'App unavailable', status: 400 } },
      'Dify answered 400 (app_unavailable): App unavailable',
    ],
    ['a proxy’s page', { status: 502, body: {} }, 'Dify answered 502: no message'],
  ])('%s', async (_, reply, text) => {
    const { error } = await ask({ replies: [reply] });
    expect(error).toMatchObject({ reason: 'ModelError', message: expect.stringContaining(text) });
  });

  it.each<[string, DifyStep]>([
    ['null', { raw: 'data: null\n\n' }],
    ['a list', { raw: 'data: []\n\n' }],
    ['an event of a later version', { event: 'agent_log', data: { label: 'x' } }],
    ['speech', { event: 'tts_message', audio: 'AAAA' }],
    ['a comment', { raw: ': hello\n\n' }],
    ['no answer in a message', { event: 'message', answer: null }],
    ['bytes that are no UTF-8', { raw: 'data: {"event":"x","y":"\uFFFD"}\n\n' }],
  ])('%s among others is passed over', async (_, step) => {
    const { value } = await ask({ replies: [[message('I'), step, message(' am'), end()]] });
    expect(value).toEqual({ value: 'I am' });
  });

  it('is waited for when the service is busy, and asked for again', async () => {
    const busy: Reply = {
      status: 429,
      headers: { 'retry-after': '3' },
      body: { code: 'too_many_requests', message: 'slow down', status: 429 },
    };
    const { value, told, runs } = await ask({ replies: [busy, [message('At last'), end()]] });
    expect(value).toEqual({ value: 'At last' });
    expect(runs).toHaveLength(2);
    expect(told).toContainEqual({
      type: 'log',
      data: {
        stream: 'agent',
        text: 'Dify answered 429 (too_many_requests): slow down; try 1 of 3 in 3.0 s',
      },
    });
  });

  it('is not asked for twice when it may have begun', async () => {
    const { runs } = await ask({ replies: [{ status: 500, body: { message: 'fell over' } }] });
    expect(runs).toHaveLength(1);
  });

  it('a wrong key is told', async () => {
    const { error } = await ask({ key: 'app-other' });
    expect(error?.message).toBe('Dify answered 401 (unauthorized): Access token is invalid');
  });
});

describe('a run that is not wanted any more', () => {
  it.each<[DifyMode, DifyStep, string]>([
    ['chat', message('I'), 'chat-messages/TASK/stop'],
    ['completion', message('I'), 'completion-messages/TASK/stop'],
    ['workflow', { event: 'text_chunk', data: { text: 'I' } }, 'workflows/tasks/TASK/stop'],
  ])('is stopped at the service: %s', async (mode, step, path) => {
    const { error, stopped } = await ask({
      ...{ mode, replies: [[step, { hang: true }]] },
      onWords: ({ cancel }) => cancel(),
    });
    expect(error?.message).toBe('cancelled');
    const shown = stopped.map((one) => [one.path.replaceAll(/[0-9a-f-]{36}/g, 'TASK'), one.user]);
    expect(shown).toEqual([[`/v1/${path}`, 'troupe-run-1']]);
  });

  it('is interrupted, and keeps what it has said', async () => {
    const { value, stopped } = await ask({
      replies: [[message('So far'), { hang: true }]],
      onWords: ({ controls }) => void controls.take({ id: 'i1', type: 'interrupt' }),
    });
    expect(value).toEqual({ value: 'So far' });
    expect(stopped).toHaveLength(1);
  });
});
