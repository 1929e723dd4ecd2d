import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ModelProtocol, RunShell } from '#executor-manager/protocol/run';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { inheritedEnvironment } from '../config.ts';
import { Meter } from '../run/run-meter.ts';
import { acpAdapter } from './acp/acp-adapter.ts';
import type { AgentAdapter } from './adapter.ts';
import { agnoAdapter } from './agno/agno-adapter.ts';
import { claudeCodeAdapter } from './claude-code/claude-code-adapter.ts';
import { codexAdapter } from './codex/codex-adapter.ts';
import { madeUpContext } from './made-up-context.ts';
import type { Told } from './made-up-context.ts';

/**
 * For tests: programs that say what an agent of each protocol says for the answer `Done.`, and nothing more. Each calls
 * `beforeAnswer()` in front of it, which a test makes up.
 */

/** The parts that all of them have. */
const COMMON = `
const send = (message) => console.log(JSON.stringify(message));
const onMessage = (take) => require('node:readline').createInterface({ input: process.stdin })
  .on('line', (line) => take(JSON.parse(line)));
`;

const CLAUDE_CODE = `onMessage(({ type, request_id }) => {
  if (type === 'control_request') send({ type: 'control_response', response: { subtype: 'success', request_id, response: {} } });
  if (type !== 'user') return;
  beforeAnswer();
  send({ type: 'result', subtype: 'success', is_error: false, result: 'Done.', num_turns: 1, modelUsage: {} });
});`;

const CODEX = `onMessage(({ id, method }) => {
  const results = { 'thread/start': { thread: { id: 't' } }, 'turn/start': { turn: { id: 'u' } } };
  if (id !== undefined) send({ id, result: results[method] ?? {} });
  if (method !== 'turn/start') return;
  beforeAnswer();
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
  beforeAnswer();
  send({ jsonrpc: '2.0', method: 'session/update', params: { sessionId: 's', update } });
  answer({ stopReason: 'end_turn' });
});`;

/** Its bridge says all the time that it is alive. */
const AGNO = `onMessage(() => {
  beforeAnswer();
  send({ type: 'done', value: 'Done.', stop: 'complete', ended: true });
});
setInterval(() => send({ type: 'alive' }), 20);`;

export interface MadeUpProgram {
  type: RunShell['type'];
  protocol: ModelProtocol;
  script: string;
  adapter(program: string): AgentAdapter;
}

export const MADE_UP_PROGRAMS: readonly MadeUpProgram[] = [
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
export const fastClock: Clock = {
  now: () => systemClock.now(),
  elapsed: () => systemClock.elapsed() * 50,
  after: (ms, fn) => systemClock.after(ms / 50, fn),
};

export interface MadeUpRun {
  /** Where the program is put, and works. */
  folder: string;
  shell: RunShell;
  model?: { protocol: ModelProtocol; baseURL: string };
  idleSeconds?: number;
  told?: Told[];
}

/** A run that lasts as long as its idle limit lets it. */
export function runMadeUp(
  adapter: AgentAdapter,
  { folder, shell, model, idleSeconds, told = [] }: MadeUpRun,
): ReturnType<AgentAdapter['run']> {
  const stop = new AbortController();
  const context = madeUpContext(told, {
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

/** Makes the program; `behaviour` is code in front of it. */
export function writeProgram(folder: string, script: string, behaviour = ''): string {
  const file = path.join(folder, 'agent');
  const before = behaviour.includes('beforeAnswer') ? '' : 'const beforeAnswer = () => undefined;';
  writeFileSync(file, `#!${process.execPath}\n${COMMON}\n${before}\n${behaviour}\n${script}`, {
    mode: 0o755,
  });
  return file;
}

/** With the program of a row. */
export function runProgram(
  { type, protocol, script, adapter }: MadeUpProgram,
  { behaviour, ...run }: Omit<MadeUpRun, 'shell'> & { behaviour: string },
): ReturnType<AgentAdapter['run']> {
  const program = writeProgram(run.folder, script, behaviour);
  const model = { protocol, baseURL: 'http://127.0.0.1:9' };
  return runMadeUp(adapter(program), { ...run, shell: { type, command: [program] }, model });
}
