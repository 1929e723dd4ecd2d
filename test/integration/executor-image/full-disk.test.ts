import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '#executor-image/clock';
import { madeUpAccess } from '#executor-image/model-access/made-up-access';
import type { RunEvent } from '#executor-manager/protocol/run';
import { startRun } from '#executor-image/run/run';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { mustRun } from '../../kit/command.ts';
import { modelService } from '../../kit/model-script.ts';

it('a run whose events cannot be kept fails with the cause; its readers get what was kept, and the end', async () => {
  await using folder = await temporaryFolder('full');
  await using model = await modelService(`[{ reply: '${'word '.repeat(50_000)}' }]`);
  const state = path.join(folder.path, 'state');
  await mkdir(state);
  // Unmounted with the folder.
  await mustRun('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', state]);
  const run = startRun({
    id: 'full',
    request: {
      shell: { type: 'Chat' },
      agent: { name: 'a' },
      model: { protocol: 'openai', name: 'm' },
      prompt: 'Hello',
      timeoutSeconds: 20,
    },
    workspace: path.join(folder.path, 'workspace'),
    state,
    environment: {},
    agentEnvironment: {},
    clock: systemClock,
    modelAccess: madeUpAccess(model.url),
  });
  let text = '';
  for await (const piece of run.events.read(0, new AbortController().signal)) text += piece.toString();
  await run.done;
  const { lastSeq, result: _usedUp, ...ended } = run.state();
  expect(ended).toEqual({
    id: 'full',
    phase: 'Failed',
    reason: 'AgentFailed',
    message: `events cannot be kept: the room for the runner's own files, ${state}, is full`,
  });
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent);
  const { id: _, ...told } = ended;
  expect(events.slice(-2)).toMatchObject([{ type: 'error' }, { type: 'result', data: told }]);
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: lastSeq }, (_, index) => index + 1));
});
