import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { evidence } from './evidence.ts';
import { TROUPE } from './paths.ts';

/** Of what a command said, and of all commands. */
const SHOWN_LINES = 12;
const SHOWN_CHARACTERS = 300;
const REMEMBERED_LINES = 60;

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  stdin?: string;
  env?: Record<string, string>;
  cwd?: string;
  signal?: AbortSignal;
}

/** Runs a program to its end. The exit code is the caller's to judge; a signal counts as 128. */
export async function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, args, {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A program that does not read its input closes the pipe; that is its right.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const exited = once(child, 'close') as Promise<[number | null, string | null]>;
  const [[code], stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  const result = { code: code ?? 128, stdout, stderr };
  remember([path.basename(command), ...args].join(' '), result);
  return result;
}

/** The last commands, for a test that fails. */
const remembered: string[] = [];
evidence('the last commands', () => remembered.join('\n'));

function remember(line: string, { code, stdout, stderr }: CommandResult): void {
  const said = `${stdout}${stderr}`.trimEnd().split('\n').slice(0, SHOWN_LINES);
  remembered.push(
    `$ ${line.slice(0, SHOWN_CHARACTERS)} (${code})`,
    ...said.map((one) => one.slice(0, SHOWN_CHARACTERS)),
  );
  remembered.splice(0, remembered.length - REMEMBERED_LINES);
}

/** Runs a program that must succeed; returns what it printed. */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    throw new Error(
      `${command} ${args.join(' ')}: exit code ${result.code}\n${result.stdout}${result.stderr}`,
    );
  }
  return result.stdout;
}

/** kubectl and troupe against one server, as a user of its kubeconfig. */
export interface Commands {
  kubectl(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  mustKubectl(args: readonly string[], options?: CommandOptions): Promise<string>;
  troupe(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  mustTroupe(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Applies manifests given as text and fails when kubectl does. */
  apply(manifests: string): Promise<string>;
  /** One object as kubectl prints it in JSON. */
  get<T = Record<string, unknown>>(kind: string, name: string): Promise<T>;
}

export function commandsFor(kubeconfig: string): Commands {
  const env = { KUBECONFIG: kubeconfig };
  const withEnv = (options: CommandOptions = {}): CommandOptions => ({
    ...options,
    env: { ...env, ...options.env },
  });
  const commands: Commands = {
    kubectl: (args, options) => run('kubectl', args, withEnv(options)),
    mustKubectl: (args, options) => mustRun('kubectl', args, withEnv(options)),
    troupe: (args, options) => run(TROUPE, args, withEnv(options)),
    mustTroupe: (args, options) => mustRun(TROUPE, args, withEnv(options)),
    apply: (manifests) => commands.mustKubectl(['apply', '-f', '-'], { stdin: manifests }),
    async get<T>(kind: string, name: string): Promise<T> {
      return JSON.parse(await commands.mustKubectl(['get', kind, name, '-o', 'json'])) as T;
    },
  };
  return commands;
}
