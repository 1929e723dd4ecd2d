import { mkdtempSync, readFileSync, readdirSync, rmSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunScript } from '#executor-manager/protocol/action';
import { inheritedEnvironment } from '../../config.ts';
import { madeUpContext } from '../made-up-context.ts';
import type { Told } from '../made-up-context.ts';
import { runScript } from './script.ts';

let folder: string;
let home: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-script-'));
  home = path.join(folder, '.home');
  mkdirSync(home);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(script: RunScript, signal?: AbortSignal) {
  const told: Told[] = [];
  const parts = { folder, home, runId: path.basename(folder), environment: inheritedEnvironment() };
  const context = madeUpContext(told, { ...parts, ...(signal === undefined ? {} : { signal }) });
  return { done: runScript(script, context), told };
}

describe('a script', () => {
  it.each<{ why: string; script: RunScript; result: object }>([
    { why: 'words are the value', script: { run: 'echo one; echo two' }, result: { value: 'one\ntwo' } },
    {
      why: 'JSON on standard output is the output',
      script: { run: `printf '{"passed":\\n 3}'` },
      result: { value: '{"passed":\n 3}', output: { passed: 3 } },
    },
    {
      why: 'the file of TROUPE_OUTPUT comes before standard output',
      script: { run: 'echo 1; echo \'{"n": 2}\' > "$TROUPE_OUTPUT"' },
      result: { value: '1', output: { n: 2 } },
    },
    {
      why: 'inputs are in a file',
      script: { run: 'cat "$TROUPE_INPUT"', inputs: { plan: { steps: ['a'] } } },
      result: { value: '{"plan":{"steps":["a"]}}', output: { plan: { steps: ['a'] } } },
    },
    {
      why: 'no shell reads a command, nor a variable',
      script: { command: ['printf', '%s', '$HOME; $(touch x)'] },
      result: { value: '$HOME; $(touch x)' },
    },
    {
      why: 'a value that looks like code stays text',
      script: { run: 'printf %s "$SAID"', env: { SAID: '; touch x; $(touch y)' } },
      result: { value: '; touch x; $(touch y)' },
    },
    {
      why: 'another program reads the text',
      script: { run: 'echo ${BASH_VERSION:+bash}', shell: ['bash', '-eu', '-o', 'pipefail'] },
      result: { value: 'bash' },
    },
    { why: 'no output at all', script: { command: ['true'] }, result: { value: '' } },
  ])('$why', async ({ script, result }) => {
    expect(await run(script).done).toEqual(result);
    expect(readdirSync(folder)).toEqual(['.home']);
  });

  it('tells its lines, and leaves nothing of its own in HOME', async () => {
    const { done, told } = run({ run: 'echo out; echo err >&2' });
    await done;
    expect(told).toContainEqual({ type: 'log', data: { stream: 'stdout', text: 'out' } });
    expect(told).toContainEqual({ type: 'log', data: { stream: 'stderr', text: 'err' } });
    expect(readdirSync(home)).toEqual([]);
  });

  it('works in the folder that is asked for', async () => {
    mkdirSync(path.join(folder, 'part'));
    await run({ run: 'echo here > file', workingDirectory: 'part' }).done;
    expect(readFileSync(path.join(folder, 'part', 'file'), 'utf8')).toBe('here\n');
  });

  it('ends with its run', async () => {
    const stop = new AbortController();
    const { done, told } = run({ run: 'echo ready; sleep 600' }, stop.signal);
    const isReady = () => told.some(({ data }) => data['text'] === 'ready');
    while (!isReady()) await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('cancelled'));
    await expect(done).rejects.toThrow('cancelled');
  });

  it.each<{ why: string; script: RunScript; failure: object }>([
    {
      why: 'an exit code, with the last words to standard error',
      script: { run: 'echo out; echo bad >&2; exit 3' },
      failure: { reason: 'ActionFailed', message: 'the script ended with code 3: bad' },
    },
    {
      why: 'an exit code, with the last words to standard output',
      script: { run: 'echo 2 tests failed; false; echo not here' },
      failure: { reason: 'ActionFailed', message: 'the script ended with code 1: 2 tests failed' },
    },
    {
      why: 'a signal',
      script: { run: 'kill -9 $$' },
      failure: { reason: 'AgentKilled', message: 'the script was ended by SIGKILL' },
    },
    {
      why: 'a program that is not there',
      script: { command: ['no-such-program'] },
      failure: { reason: 'StartFailed' },
    },
    {
      why: 'a folder that is not there',
      script: { command: ['true'], workingDirectory: 'none' },
      failure: { reason: 'StartFailed', message: 'workingDirectory none is no folder of the workspace' },
    },
    {
      why: 'a folder outside of the workspace',
      script: { command: ['true'], workingDirectory: '../..' },
      failure: { reason: 'StartFailed', message: 'workingDirectory ../.. leads out of the workspace' },
    },
    {
      why: 'an output that is not JSON',
      script: { run: 'echo oops > "$TROUPE_OUTPUT"' },
      failure: {
        reason: 'ActionFailed',
        message: 'the file of TROUPE_OUTPUT does not hold one JSON value, of 100 levels at most',
      },
    },
    {
      why: 'a pipe in place of the output',
      script: { run: 'rm "$TROUPE_OUTPUT"; mkfifo "$TROUPE_OUTPUT"' },
      failure: { reason: 'ActionFailed', message: 'the file of TROUPE_OUTPUT is no file' },
    },
    {
      why: 'a link in place of the output',
      script: { run: 'ln -sf /etc/passwd "$TROUPE_OUTPUT"' },
      failure: { reason: 'ActionFailed', message: 'the file of TROUPE_OUTPUT cannot be read' },
    },
    {
      why: 'an output that no status can hold',
      script: { run: 'printf \'"%070000d"\' 0 > "$TROUPE_OUTPUT"' },
      failure: {
        reason: 'ActionFailed',
        message: 'the output has more than 64 KiB as JSON, or than 100 levels',
      },
    },
  ])('fails for $why', async ({ script, failure }) => {
    await expect(run(script).done).rejects.toMatchObject(failure);
    expect(readdirSync(home)).toEqual([]);
  });

  it('keeps the end of what it says, and takes no part of it for JSON', async () => {
    const { value, output } = await run({ run: 'seq 1 60000' }).done;
    expect(value.endsWith('59999\n60000')).toBe(true);
    expect(Buffer.byteLength(value)).toBeLessThanOrEqual(64 * 1024);
    expect(output).toBeUndefined();
  });
});
