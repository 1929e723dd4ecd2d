import { expect, it } from 'vitest';
import { runAgentProcess } from './agent-process.ts';
import { systemClock } from '../clock.ts';
import { inheritedEnvironment } from '../config.ts';

function run(command: string, args: string[], env: Record<string, string> = {}) {
  const lines: string[] = [];
  const errors: string[] = [];
  const exit = runAgentProcess({
    command,
    args,
    cwd: '/',
    env: { ...inheritedEnvironment(), ...env },
    input: 'asked',
    mark: `mark-${process.pid}-${Math.floor(performance.now() * 1000)}`,
    signal: new AbortController().signal,
    clock: systemClock,
    onLine: (line) => lines.push(line),
    onErrorLine: (line) => errors.push(line),
  });
  return { exit, lines, errors };
}

it('gives the input and takes the output, to the last line without a newline', async () => {
  const { exit, lines, errors } = run('sh', ['-c', 'cat; echo; printf end; echo why >&2; exit 3']);
  expect(await exit).toEqual({ code: 3, signal: null, stderr: 'why\n' });
  expect({ lines, errors }).toEqual({ lines: ['asked', 'end'], errors: ['why'] });
});

it('an environment that is too large is a StartFailed', async () => {
  const { exit } = run('sh', ['-c', 'true'], { LARGE: 'x'.repeat(200_000) });
  await expect(exit).rejects.toMatchObject({
    reason: 'StartFailed',
    message: 'the agent cannot be started: spawn E2BIG',
  });
});
