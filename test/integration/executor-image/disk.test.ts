import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { mustRun } from '../../kit/command.ts';
import { gitRepository } from '../../kit/git-repository.ts';
import { modelService } from '../../kit/model-script.ts';
import { startRunner } from '../../kit/runner.ts';
import type { RunWithModel } from '../../kit/runner.ts';

/** The limit on the workspace: real runner, real Claude Code, real files. */
const SCRIPT = `
- when: { contains: fill }
  steps:
    - toolCall: { name: Bash, input: { command: head -c 30M /dev/zero > big; sleep 600, description: Fill, timeout: 600000 } }
    - reply: Full.
- when: { contains: wait }
  hang: true
`;
const MiB = 2 ** 20;

const request = (model: string, prompt: string, more: Partial<RunWithModel> = {}): RunWithModel => ({
  shell: { type: 'ClaudeCode' },
  agent: { name: 'a' },
  model: { protocol: 'anthropic', name: 'm', baseURL: model, apiKey: 'any' },
  prompt,
  timeoutSeconds: 60,
  limits: { diskBytes: 20 * MiB },
  ...more,
});

const TOO_LARGE = /^the workspace is larger than its limit of 20Mi \((\d+(?:\.\d)?)Mi used\)$/;

it('an agent that fills the workspace is ended, and nothing of it runs on', async () => {
  await using model = await modelService(SCRIPT);
  await using runner = await startRunner();
  const { state, events } = await runner.finish('full', request(model.url, 'fill the disk'));
  expect(state).toMatchObject({ phase: 'Failed', reason: 'AgentKilled' });
  expect(Number(TOO_LARGE.exec(state.message ?? '')?.[1])).toBeGreaterThanOrEqual(30);
  const { reason, message } = state;
  expect(events.slice(-2)).toMatchObject([
    { type: 'error', data: { reason, message } },
    { type: 'result', data: { phase: 'Failed', reason, message } },
  ]);
  expect((await stat(path.join(runner.workspace, 'big'))).size, 'the work stays').toBe(30 * MiB);
});

it('the clone counts', async () => {
  await using model = await modelService(SCRIPT);
  await using repository = await gitRepository();
  const origin = fileURLToPath(repository.fileUrl);
  // Not zeros, which git writes as a hole.
  await writeFile(path.join(origin, 'large'), Buffer.alloc(30 * MiB, 'x'));
  await mustRun('git', ['-C', origin, 'add', '.']);
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  await mustRun('git', ['-C', origin, ...identity, 'commit', '--quiet', '-m', 'Large']);
  await using runner = await startRunner();
  const { state } = await runner.finish(
    'clone',
    request(model.url, 'wait', {
      repository: { gitUrl: repository.url, branch: 'main', workBranch: 'w', timeoutSeconds: 30 },
    }),
  );
  expect(state).toMatchObject({ reason: 'AgentKilled', message: expect.stringMatching(TOO_LARGE) });
});

it('a run whose workspace stays within its limit ends by itself', async () => {
  await using model = await modelService(`[{ reply: Done., delay: 5s }]`);
  await using runner = await startRunner();
  const { state } = await runner.finish('small', request(model.url, 'anything'));
  expect(state).toMatchObject({ phase: 'Succeeded', result: { value: 'Done.' } });
});
