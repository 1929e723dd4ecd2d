import { spawn } from 'node:child_process';
import path from 'node:path';

export interface GitOptions {
  /** The repository, or the folder above it. */
  folder: string;
  env: Record<string, string>;
  signal: AbortSignal;
  /** Output beyond this many bytes is not kept, and git is ended; default 1 MiB. */
  mostBytes?: number;
  /** Written to its standard input. */
  input?: string;
}

export interface GitOutput {
  code: number;
  /** Its output, byte by byte. */
  bytes: Buffer;
  /** The same as UTF-8. */
  stdout: string;
  stderr: string;
  truncated: boolean;
}

/**
 * The transports that may be used. ext:: runs any command and is the reason for a list.
 * https://git-scm.com/docs/git-config#Documentation/git-config.txt-protocolallow
 */
const PROTOCOLS = 'https:http:git:ssh:file';

/** Characters of its last messages that are kept. */
const MOST_STDERR = 16 * 1024;

/** Nothing of the machine's or the agent's configuration, no prompt, English messages. */
export function gitEnvironment(environment: Record<string, string>, home: string): Record<string, string> {
  return {
    ...environment,
    HOME: home,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    SSH_ASKPASS: '/bin/false',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=15',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ALLOW_PROTOCOL: PROTOCOLS,
    // The volume may belong to another user id than the one we run as.
    GIT_CONFIG_COUNT: '3',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    // Neither a hook nor a file watcher that a repository brings runs in our name.
    GIT_CONFIG_KEY_1: 'core.hooksPath',
    GIT_CONFIG_VALUE_1: '/dev/null',
    GIT_CONFIG_KEY_2: 'core.fsmonitor',
    GIT_CONFIG_VALUE_2: 'false',
  };
}

/**
 * For a clone that an agent has worked in. Said outright: git would otherwise take the agent's word for where the
 * work tree is, and look for a repository in the folders above when the clone is broken.
 */
export function cloneEnvironment(
  environment: Record<string, string>,
  { home, folder }: { home: string; folder: string },
): Record<string, string> {
  return {
    ...gitEnvironment(environment, home),
    GIT_DIR: path.join(folder, '.git'),
    GIT_WORK_TREE: folder,
    // A clone that says that it is partial would have git fetch what is missing, by a program of the agent's choice.
    GIT_NO_LAZY_FETCH: '1',
  };
}

/** Runs git to its end, in a process group of its own. Rejects with the signal's reason when that aborts. */
export function runGit(args: readonly string[], options: GitOptions): Promise<GitOutput> {
  const { folder, env, signal, mostBytes = 1024 * 1024, input } = options;
  return new Promise((resolve, reject) => {
    const stdin = input === undefined ? 'ignore' : 'pipe';
    const child = spawn('git', args, { cwd: folder, env, stdio: [stdin, 'pipe', 'pipe'], detached: true });
    // Git need not read all of it, and says by its code whether all went well.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    const chunks: Buffer[] = [];
    let size = 0;
    let stderr = '';
    const kill = (): void => {
      if (child.exitCode === null && child.signalCode === null) killGroup();
    };
    // The transport is a process of its own (git-remote-https, ssh), as is a filter, and all of them must go.
    const killGroup = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    };
    child.stdout?.on('data', (chunk: Buffer) => {
      if (size < mostBytes) chunks.push(chunk.subarray(0, mostBytes - size));
      size += chunk.length;
      if (size > mostBytes) kill();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-MOST_STDERR);
    });
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill, { once: true });
    child.once('exit', killGroup);
    child.once('error', (error) => {
      signal.removeEventListener('abort', kill);
      reject(error);
    });
    child.once('close', (code) => {
      signal.removeEventListener('abort', kill);
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const bytes = Buffer.concat(chunks);
      const truncated = size > mostBytes;
      resolve({
        code: truncated ? 0 : (code ?? 1),
        bytes,
        stdout: bytes.toString('utf8'),
        stderr,
        truncated,
      });
    });
  });
}
