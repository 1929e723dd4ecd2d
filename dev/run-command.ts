import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { signalGroup } from './environment/process.ts';

export interface CommandResult {
  ok: boolean;
  /** stdout and stderr in the order they came; empty when `live`. */
  output: string;
}

export interface CommandOptions {
  env?: NodeJS.ProcessEnv;
  /** Lets the command write to our own terminal as it runs. */
  live?: boolean;
  /** Ends the command, and what it started, with SIGTERM. */
  signal?: AbortSignal;
}

/** Runs a program to its end; a failure is a result, not an exception. */
export async function runCommand(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [command = 'true', ...args] = argv;
  const child = spawn(command, args, {
    stdio: options.live === true ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    // A group of its own: what the command itself started ends with it.
    detached: true,
  });
  const onAbort = (): void => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGTERM');
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  options.signal?.removeEventListener('abort', onAbort);
  return { ok: code === 0, output };
}
