import { randomUUID } from 'node:crypto';
import { RUNNER_CONTAINER_PORT, RUNNER_ENV } from '#executor-manager/protocol/runner-environment';
import { freePort } from '#dev/environment/free-port';
import { mustRun, run } from './command.ts';
import { RUNNER_TOKEN_HASH, runnerCalls } from './runner.ts';
import type { RunnerCalls } from './runner.ts';

/** The name by which a container reaches this machine; what it is to reach listens on all addresses. */
export const HOST_OF_CONTAINERS = 'host.docker.internal';

export interface SandboxRunner extends RunnerCalls, AsyncDisposable {
  /** Makes an empty file in the folder of the Task. */
  touch(file: string): Promise<void>;
  has(file: string): Promise<boolean>;
}

const docker = (...args: string[]): Promise<string> => mustRun('docker', args);
const OWNER = 'uid=10001,gid=10001,mode=0700';

/** The runner of an image in a container as hardened as the executor manager's. */
export async function startSandboxRunner(image: string): Promise<SandboxRunner> {
  await using stack = new AsyncDisposableStack();
  const name = `troupe-runner-test-${randomUUID().slice(0, 8)}`;
  const port = await freePort();
  stack.defer(async () => {
    await docker('rm', '--force', name);
    await docker('volume', 'rm', '--force', name);
  });
  await docker(
    ...['run', '--detach', '--init', '--name', name, '--volume', `${name}:/workspace`],
    ...['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', '10001:10001'],
    ...['--memory', '2g', '--pids-limit', '512', '--tmpfs', '/tmp:rw,nosuid,nodev,size=512m,mode=1777'],
    ...['--tmpfs', `/run/troupe:rw,nosuid,nodev,noexec,${OWNER}`, '--tmpfs', `/home/agent:rw,${OWNER}`],
    ...['--publish', `127.0.0.1:${port}:${RUNNER_CONTAINER_PORT}`],
    ...['--add-host', `${HOST_OF_CONTAINERS}:host-gateway`],
    ...['--env', `${RUNNER_ENV.tokenHash}=${RUNNER_TOKEN_HASH}`, '--env', `${RUNNER_ENV.state}=/run/troupe`],
    image,
  );
  const calls = stack.use(runnerCalls(`http://127.0.0.1:${port}`));
  await untilReady(calls);
  const owned = stack.move();
  return {
    ...calls,
    touch: async (file) => void (await docker('exec', name, 'touch', `/workspace/${file}`)),
    has: async (file) => (await run('docker', ['exec', name, 'test', '-e', `/workspace/${file}`])).code === 0,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function untilReady(calls: RunnerCalls): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    const status = await calls.fetch('/v1/ready').then((answer) => answer.status, String);
    if (status === 204) return;
    if (Date.now() > end) throw new Error(`the runner in the container does not answer: ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
