import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../clock.ts';
import type { Clock } from '../../clock.ts';
import { inheritedEnvironment } from '../../config.ts';
import type { AdapterContext } from '../adapter.ts';
import { madeUpContext } from '../made-up-context.ts';
import type { Told } from '../made-up-context.ts';
import { claudeCodeAdapter } from './claude-code-adapter.ts';

/** Ends of the program that the real one cannot be brought to at will. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-claude-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function runProgram(script: string, more: Partial<AdapterContext> = {}) {
  const program = path.join(folder, 'claude');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  const told: Told[] = [];
  const result = claudeCodeAdapter(() => program).run(
    {
      shell: { type: 'ClaudeCode' },
      agent: { name: 'a' },
      model: { protocol: 'anthropic', name: 'm', baseURL: 'http://127.0.0.1:9', apiKey: 'token' },
      prompt: 'p',
      timeoutSeconds: 60,
    },
    madeUpContext(told, {
      folder,
      home: folder,
      runId: path.basename(folder),
      environment: inheritedEnvironment(),
      ...more,
    }),
  );
  return { result, told, types: () => told.map(({ type }) => type) };
}

const NOISE = 'echo "[claude-code:unrecognized_model] {}" >&2';

it.each([
  [`${NOISE}; kill -ABRT $$`, 'AgentKilled', 'Claude Code was ended by SIGABRT', 'no noise'],
  [
    `${NOISE}; echo one >&2; echo two >&2; exit 3`,
    'AgentFailed',
    'Claude Code ended with code 3 and without a result: one | two',
    'its last words',
  ],
  ['exit 0', 'AgentFailed', 'Claude Code ended with code 0 and without a result', 'no word at all'],
])('%s is %s', async (script, reason, message, why) => {
  await expect(runProgram(script).result, why).rejects.toMatchObject({ reason, message });
});

it('reads ten thousand tool calls, every one', async () => {
  const line = (value: object): string => `${JSON.stringify(value)}\n`;
  const call = line({ type: 'assistant', message: { content: [{ type: 'tool_use', id: 't', name: 'n' }] } });
  const result = line({ type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't' }] } });
  const end = line({ type: 'result', subtype: 'success', result: 'Done.' });
  writeFileSync(path.join(folder, 'lines'), (call + result).repeat(10_000) + end);
  const run = runProgram('cat lines');
  expect(await run.result).toMatchObject({ value: 'Done.' });
  expect(run.types()).toEqual(Array.from({ length: 10_000 }, () => ['tool_call', 'tool_result']).flat());
});

/** Answers the first request, and then says what follows. */
const OPENED = `read line
echo '{"type":"control_response","response":{"subtype":"success","request_id":"troupe-1","response":{}}}'
read line`;
const DONE = `echo '{"type":"result","subtype":"success","result":"Done."}'`;
const IDLE = `echo '{"type":"system","subtype":"session_state_changed","state":"idle"}'`;

/** A minute passes in a tenth of a second. */
const hastyClock: Clock = {
  now: () => systemClock.now(),
  elapsed: () => systemClock.elapsed(),
  after: (ms, fn) => systemClock.after(ms / 600, fn),
};
const HASTY = { clock: hastyClock };

describe('output that is not as it should be, and the answer all the same', () => {
  it.each([
    ['a line of 10 MB', `head -c 10000000 /dev/zero | tr '\\0' x; echo`],
    ['bytes that are no UTF-8', String.raw`printf '\377\376{"type":\377}\n'`],
    [
      'JSON that is no message',
      `echo '[]'; echo '7'; echo null; echo '{"type":7}'; echo '{"type":"__proto__"}'`,
    ],
    [
      'messages of other shapes',
      `echo '{"type":"stream_event","event":null}'; echo '{"type":"assistant","message":{"content":[null]}}'
       echo '{"type":"system","subtype":"background_tasks_changed","tasks":7}'; echo '{"type":"user","message":7}'`,
    ],
    [
      'answers to questions that nobody has asked',
      `echo '{"type":"control_response","response":{"subtype":"success","request_id":"of nobody"}}'
       echo '{"type":"control_response","response":{"subtype":"error"}}'; echo '{"type":"control_cancel_request"}'`,
    ],
    [
      'questions that nobody understands',
      `echo '{"type":"control_request","request_id":7,"request":{"subtype":"can_use_tool"}}'
       echo '{"type":"control_request","request_id":"q","request":{"subtype":"make_coffee"}}'; read line
       case "$line" in *error*make_coffee*) ;; *) exit 9;; esac`,
    ],
    ['a result that comes twice', DONE],
    [
      'terminal escapes in an id',
      String.raw`printf '{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"\\u001b[2J"}]}}\n'`,
    ],
  ])('%s', async (_, script) => {
    const { result } = runProgram(`${OPENED}\n${script}\n${DONE}\n${IDLE}\nread line`, HASTY);
    expect(await result).toMatchObject({ value: 'Done.' });
  });

  it('lines that are no messages are shown, to a limit', async () => {
    const { result, told } = runProgram(`${OPENED}\nseq 1 5000; seq 1 5000 >&2\n${DONE}\n${IDLE}`, HASTY);
    expect(await result).toMatchObject({ value: 'Done.' });
    const of = (stream: string): unknown[] => told.filter(({ data }) => data['stream'] === stream);
    expect(of('stdout')).toHaveLength(1000);
    expect(of('stdout').at(-1)).toMatchObject({
      data: { text: 'Further lines that are no messages are left out.' },
    });
    expect(of('stderr')).toHaveLength(1000);
  });
});

describe('an end of one half only', () => {
  it('a result without an end is a result', async () => {
    const { result } = runProgram(`${OPENED}\n${DONE}\ntrap '' TERM; sleep 1000`, HASTY);
    expect(await result).toMatchObject({ value: 'Done.' });
  });

  it.each([
    ['endless output', `${OPENED}\nyes`],
    ['endless messages', `${OPENED}\nyes '{"type":"system","subtype":"status"}'`],
    ['silence from the first moment', 'sleep 1000'],
    [
      'silence in the middle, deaf to every signal that can be ignored',
      `${OPENED}\ntrap '' TERM INT; sleep 1000`,
    ],
  ])('%s ends with the run', async (_, script) => {
    const stop = new AbortController();
    const { result } = runProgram(script, { ...HASTY, signal: stop.signal });
    systemClock.after(200, () => stop.abort(new Error('the time of the run is over')));
    await expect(result).rejects.toThrow('the time of the run is over');
  });
});
