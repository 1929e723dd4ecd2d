import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelProtocol, RunShell } from '#executor-manager/protocol/run';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { inheritedEnvironment } from '../config.ts';
import { Meter } from '../run/run-meter.ts';
import { acpAdapter } from './acp/acp-adapter.ts';
import type { AgentAdapter } from './adapter.ts';
import { agnoAdapter } from './agno/agno-adapter.ts';
import { chatAdapter } from './chat/chat-adapter.ts';
import { claudeCodeAdapter } from './claude-code/claude-code-adapter.ts';
import { codexAdapter } from './codex/codex-adapter.ts';
import { commandAdapter } from './command/command-adapter.ts';
import { difyAdapter } from './dify/dify-adapter.ts';
import { madeUpContext } from './made-up-context.ts';

/**
 * An agent that gives its result and never ends: it heeds neither the end of its input nor SIGTERM, and goes on to speak
 * where that is no sign of work. Each adapter ends it, and the result counts.
 */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-exit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What all of these programs do beside their own. */
const STUBBORN = `
process.on('SIGTERM', () => undefined);
setInterval(() => undefined, 1000);
const send = (message) => console.log(JSON.stringify(message));
const onMessage = (take) => require('node:readline').createInterface({ input: process.stdin })
  .on('line', (line) => take(JSON.parse(line)));
`;

const CLAUDE_CODE = `onMessage(({ type, request_id }) => {
  if (type === 'control_request') send({ type: 'control_response', response: { subtype: 'success', request_id, response: {} } });
  if (type === 'user') send({ type: 'result', subtype: 'success', is_error: false, result: 'Done.', num_turns: 1, modelUsage: {} });
});`;

const CODEX = `onMessage(({ id, method }) => {
  const results = { 'thread/start': { thread: { id: 't' } }, 'turn/start': { turn: { id: 'u' } } };
  if (id !== undefined) send({ id, result: results[method] ?? {} });
  if (method !== 'turn/start') return;
  const item = { id: 'i', type: 'agentMessage', text: 'Done.', phase: 'final_answer' };
  send({ method: 'item/completed', params: { threadId: 't', turnId: 'u', item } });
  send({ method: 'turn/completed', params: { threadId: 't', turn: { id: 'u', status: 'completed', error: null } } });
});`;

const ACP = `onMessage(({ id, method }) => {
  const answer = (result) => send({ jsonrpc: '2.0', id, result });
  const update = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'Done.' } };
  if (method === 'initialize') answer({ protocolVersion: 1 });
  if (method === 'session/new') answer({ sessionId: 's' });
  if (method !== 'session/prompt') return;
  send({ jsonrpc: '2.0', method: 'session/update', params: { sessionId: 's', update } });
  answer({ stopReason: 'end_turn' });
});`;

/** Its bridge says all the time that it is alive. */
const AGNO = `onMessage(() => send({ type: 'done', value: 'Done.', stop: 'complete', ended: true }));
setInterval(() => send({ type: 'alive' }), 20);`;

interface ProgramRow {
  type: RunShell['type'];
  protocol: ModelProtocol;
  script: string;
  adapter(program: string): AgentAdapter;
}

const PROGRAMS: ProgramRow[] = [
  {
    ...{ type: 'ClaudeCode', protocol: 'anthropic', script: CLAUDE_CODE },
    adapter: (program) => claudeCodeAdapter(() => program),
  },
  {
    ...{ type: 'Codex', protocol: 'openai-responses', script: CODEX },
    adapter: (program) => codexAdapter(() => program),
  },
  { type: 'ACP', protocol: 'openai', script: ACP, adapter: () => acpAdapter() },
  {
    ...{ type: 'Agno', protocol: 'openai', script: AGNO },
    adapter: (program) => agnoAdapter(() => ({ command: program, args: [] })),
  },
];

/** All that is waited for comes fifty times as soon. */
const fastClock: Clock = {
  now: () => systemClock.now(),
  elapsed: () => systemClock.elapsed() * 50,
  after: (ms, fn) => systemClock.after(ms / 50, fn),
};

interface RunOptions {
  shell: RunShell;
  model?: { protocol: ModelProtocol; baseURL: string };
  idleSeconds?: number;
}

function run(adapter: AgentAdapter, { shell, model, idleSeconds }: RunOptions) {
  const stop = new AbortController();
  const context = madeUpContext([], {
    ...{ folder, home: folder, runId: path.basename(folder), environment: inheritedEnvironment() },
    ...{ clock: fastClock, signal: stop.signal },
  });
  const meter = new Meter({
    ...{ limits: idleSeconds === undefined ? undefined : { idleSeconds } },
    ...{ events: context.events, clock: fastClock, onLimit: (failure) => stop.abort(failure) },
  });
  meter.watchIdle();
  const done = adapter.run(
    {
      ...{ shell, agent: { name: 'a' }, prompt: 'p', timeoutSeconds: 600 },
      ...(model && { model: { ...model, name: 'm', apiKey: 'token' } }),
    },
    { ...context, meter },
  );
  return done.finally(() => meter.stopIdle());
}

function programOf(script: string): string {
  const file = path.join(folder, 'agent');
  writeFileSync(file, `#!${process.execPath}\n${STUBBORN}\n${script}`, { mode: 0o755 });
  return file;
}

describe('a program that has given its result and does not end', () => {
  it.each(PROGRAMS)('is ended, and the result counts: $type', async ({ type, protocol, script, adapter }) => {
    const program = programOf(script);
    const shell = { type, command: [program] };
    const model = { protocol, baseURL: 'http://127.0.0.1:9' };
    expect(await run(adapter(program), { shell, model })).toMatchObject({ value: 'Done.' });
  });

  it('is ended with a reason where its exit decides: Command', async () => {
    const program = programOf(`send('Done.');`);
    const shell = { type: 'Command' as const, command: [program] };
    await expect(run(commandAdapter(), { shell, idleSeconds: 25 })).rejects.toMatchObject({
      reason: 'IdleLimit',
      message: 'the agent gave no sign of life for 25 s',
    });
  });
});

describe('a service that has given its answer and does not close', () => {
  const events = (...all: object[]): string => all.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('');
  const ANSWERS: Record<string, string> = {
    '/chat/completions': `${events({ choices: [{ delta: { content: 'Done.' }, finish_reason: 'stop' }] })}data: [DONE]\n\n`,
    '/chat-messages': events(
      { event: 'message', task_id: 't', answer: 'Done.' },
      { event: 'message_end', task_id: 't', metadata: {} },
    ),
  };

  it.each([
    { type: 'Chat' as const, protocol: 'openai' as const, adapter: chatAdapter },
    { type: 'Dify' as const, protocol: 'dify' as const, adapter: difyAdapter },
  ])('is left, and the answer counts: $type', async ({ type, protocol, adapter }) => {
    const server = createServer(({ url = '' }, response) => {
      if (url.endsWith('/info')) return void response.end('{"mode":"chat","name":"a"}');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(ANSWERS[url.replace(/^\/v1/, '')] ?? '');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    try {
      expect(await run(adapter(), { shell: { type }, model: { protocol, baseURL } })).toMatchObject({
        value: 'Done.',
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
