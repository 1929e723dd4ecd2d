import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inheritedEnvironment } from '../../config.ts';
import type { AgentRequest } from '../adapter.ts';
import { madeUpContext } from '../made-up-context.ts';
import type { Told } from '../made-up-context.ts';
import { commandAdapter } from './command-adapter.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-command-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface ProgramOptions {
  args?: string[];
  shell?: Partial<AgentRequest['shell']>;
  request?: Partial<AgentRequest>;
  signal?: AbortSignal;
}

function runProgram(script: string, { args = [], shell, request, signal }: ProgramOptions = {}) {
  const program = path.join(folder, 'program');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  const told: Told[] = [];
  const context = madeUpContext(told, {
    ...{ folder, home: folder, runId: path.basename(folder), environment: inheritedEnvironment() },
    ...(signal === undefined ? {} : { signal }),
  });
  const done = commandAdapter().run(
    {
      shell: { type: 'Command', command: [program, ...args], ...shell },
      agent: { name: 'a', systemPrompt: 'Be brief.' },
      prompt: 'the prompt',
      timeoutSeconds: 60,
      ...request,
    },
    context,
  );
  return { done, told };
}

describe('a program', () => {
  it('gets the prompt, and its words are the answer', async () => {
    const { done, told } = runProgram('echo "I was told: $(cat)"');
    expect(await done).toEqual({ value: 'I was told: the prompt\n' });
    expect(told).toEqual([{ type: 'text', data: { text: 'I was told: the prompt\n' } }]);
  });

  it('is told of files and of the model by its arguments and its environment; no shell reads them', async () => {
    const { done } = runProgram(
      'printf "%s|" "$@" "$(cat "$2")" "$(cat "$3")" "$OPENAI_BASE_URL" "$OPENAI_API_KEY" "$MINE"',
      {
        args: ['{{prompt}}; $(touch x)', '{{promptFile}}', '{{systemPromptFile}}', '--model={{model}}'],
        shell: { env: { MINE: 'yes' } },
        request: {
          model: { protocol: 'openai', name: 'm', baseURL: 'http://127.0.0.1:1/v1', apiKey: 'token' },
        },
      },
    );
    const files = path.join(folder, '.troupe');
    expect((await done).value).toBe(
      [
        'the prompt; $(touch x)',
        path.join(files, 'prompt.md'),
        path.join(files, 'system-prompt.md'),
        '--model=m',
        ...['the prompt', 'Be brief.', 'http://127.0.0.1:1/v1', 'token', 'yes', '\n'],
      ].join('|'),
    );
  });

  it.each([
    { script: 'echo words; printf answer > "$TROUPE_RESULT_FILE"', value: 'answer', why: 'the result file' },
    {
      script: 'echo words; printf answer > out.txt',
      shell: { output: { resultFile: 'out.txt' } },
      value: 'answer',
      why: 'a file of its own',
    },
  ])('has its answer in $why', async ({ script, shell, value }) => {
    const { done } = runProgram(script, shell === undefined ? {} : { shell });
    expect(await done).toEqual({ value });
  });

  it('tells of tools and tokens by the lines that the Shell declares', async () => {
    const { done, told } = runProgram(
      `echo '{"tool":"grep","args":{"pattern":"x"}}'; echo '{"in":10,"out":5,"usd":"0.01"}'; echo 'progress: half way'`,
      {
        shell: {
          output: {
            lines: [
              {
                json: { '/tool': '' },
                event: 'tool_call',
                fields: { name: { pointer: '/tool' }, input: { pointer: '/args' } },
              },
              {
                json: { '/in': '' },
                event: 'usage',
                fields: {
                  inputTokens: { pointer: '/in' },
                  outputTokens: { pointer: '/out' },
                  costUSD: { pointer: '/usd' },
                  model: { value: 'm' },
                },
              },
              { pattern: '^progress: (?P<m>.*)', event: 'status', fields: { message: { group: 'm' } } },
            ],
          },
        },
      },
    );
    expect(await done).toEqual({ value: '' });
    const usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 0, cacheWriteTokens: 0 };
    expect(told).toEqual([
      { type: 'tool_call', data: { id: 'call-1', name: 'grep', input: { pattern: 'x' } } },
      { type: 'usage', data: { ...usage, costUSD: 0.01, model: 'm' } },
      { type: 'status', data: { phase: 'Running', message: 'half way' } },
    ]);
  });

  it.each([
    {
      script: 'echo one >&2; echo two >&2; exit 3',
      reason: 'AgentFailed',
      message: 'the program ended with code 3: one | two',
    },
    { script: 'kill -KILL $$', reason: 'AgentKilled', message: 'the program was ended by SIGKILL' },
    {
      script: 'echo "ERROR no quota"',
      shell: {
        output: {
          lines: [
            { pattern: '^ERROR (?P<m>.*)', event: 'failure' as const, fields: { message: { group: 'm' } } },
          ],
        },
      },
      reason: 'AgentFailed',
      message: 'no quota',
    },
    {
      script: 'true',
      shell: { output: { resultFile: 'out.txt' } },
      reason: 'AgentFailed',
      message: 'the program ended without its result file out.txt',
    },
    {
      script: 'true',
      args: ['{{nothing}}'],
      reason: 'StartFailed',
      message: /\{\{nothing\}\} in spec\.command is not known/,
    },
    {
      script: 'true',
      shell: { command: ['/nowhere/program'] },
      reason: 'StartFailed',
      message: /nowhere/,
    },
    { script: 'true', shell: { command: [] }, reason: 'StartFailed', message: /needs spec\.command/ },
  ])('fails: $message', async ({ script, args, shell, reason, message }) => {
    const { done } = runProgram(script, { ...(args && { args }), ...(shell && { shell }) });
    await expect(done).rejects.toMatchObject({
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  it('ends when it is asked to', async () => {
    const stop = new AbortController();
    const { done, told } = runProgram('echo ready; exec sleep 60', { signal: stop.signal });
    await expect.poll(() => told.length).toBe(1);
    stop.abort(new Error('cancelled'));
    await expect(done).rejects.toThrow('cancelled');
  });
});
