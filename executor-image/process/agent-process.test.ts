import { expect, it } from 'vitest';
import { runAgentProcess } from './agent-process.ts';
import { systemClock } from '../clock.ts';
import type { AgentProcessOptions } from './agent-process.ts';
import { inheritedEnvironment } from '../config.ts';

function run(command: string, args: string[], more: Partial<AgentProcessOptions> = {}) {
  const lines: string[] = [];
  const errors: string[] = [];
  const exit = runAgentProcess({
    command,
    args,
    cwd: '/',
    env: inheritedEnvironment(),
    input: 'asked',
    mark: `mark-${process.pid}-${Math.floor(performance.now() * 1000)}`,
    signal: new AbortController().signal,
    clock: systemClock,
    onLine: (line) => lines.push(line),
    onErrorLine: (line) => errors.push(line),
    ...more,
  });
  return { exit, lines, errors };
}

it('gives the input and takes the output, to the last line without a newline', async () => {
  const { exit, lines, errors } = run('sh', ['-c', 'cat; echo; printf end; echo why >&2; exit 3']);
  expect(await exit).toEqual({ code: 3, signal: null, stderr: 'why\n' });
  expect({ lines, errors }).toEqual({ lines: ['asked', 'end'], errors: ['why'] });
});

it('an environment that is too large is a StartFailed', async () => {
  const { exit } = run('sh', ['-c', 'true'], { env: { LARGE: 'x'.repeat(200_000) } });
  await expect(exit).rejects.toMatchObject({
    reason: 'StartFailed',
    message: 'the agent cannot be started: spawn E2BIG',
  });
});

it('leaves stdin to somebody who talks with the program', async () => {
  const { exit, lines } = run('sh', ['-c', 'read a; read b; echo $b $a'], {
    input(stdin) {
      stdin.write('one\n');
      stdin.write('two\n');
      stdin.end();
      stdin.write('too late');
    },
  });
  await exit;
  expect(lines).toEqual(['two one']);
});

it('gives what is secret by a descriptor: it is in no environment', async () => {
  const { exit, lines } = run('sh', ['-c', 'cat <&3; cat <&4; env | grep -c key'], {
    descriptors: ['key one\n', 'key two\n'],
  });
  await exit;
  expect(lines).toEqual(['key one', 'key two', '0']);
});

it('a program that does not read its input is no error', async () => {
  const { exit } = run('sh', ['-c', 'exec <&-; exec 3<&-; sleep 0.1'], {
    input: (stdin) => stdin.write('x'.repeat(1_000_000)),
    descriptors: ['x'.repeat(1_000_000)],
  });
  expect(await exit).toMatchObject({ code: 0 });
});
