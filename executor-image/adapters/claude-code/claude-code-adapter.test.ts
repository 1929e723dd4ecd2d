import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inheritedEnvironment } from '../../config.ts';
import { madeUpContext } from '../made-up-context.ts';
import type { Told } from '../made-up-context.ts';
import { claudeCodeAdapter } from './claude-code-adapter.ts';

/** Ends of the program that the real one cannot be brought to at will. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-claude-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function runProgram(script: string) {
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
    }),
  );
  return { result, types: () => told.map(({ type }) => type) };
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
