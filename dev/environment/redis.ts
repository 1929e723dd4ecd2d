import { freePort } from './free-port.ts';
import { installPackages } from './packages.ts';
import { accepts } from './process.ts';
import { findProgram } from './program.ts';
import { RestartableProcess } from './restartable-process.ts';
import type { Restartable } from './restartable-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface Redis extends AsyncDisposable {
  readonly url: string;
}

/** The Redis that TROUPE_TEST_REDIS_URL names, else a private one on a free loopback port that keeps nothing. */
export async function redis(): Promise<Redis> {
  const named = process.env['TROUPE_TEST_REDIS_URL'];
  if (named) return { url: named, async [Symbol.asyncDispose]() {} };
  return privateRedis();
}

/** A Redis that nobody else uses. */
export async function privateRedis(): Promise<Redis & Restartable> {
  const command = await redisServer();
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('redis'));
  const port = await freePort();
  const keepsNothing = ['--save', '', '--appendonly', 'no', '--dir', folder.path];
  const server = new RestartableProcess({
    command,
    args: ['--port', `${port}`, '--bind', '127.0.0.1', ...keepsNothing],
    ready: () => accepts(port),
  });
  stack.defer(() => server.stop());
  await server.start();
  const owned = stack.move();
  return {
    url: `redis://127.0.0.1:${port}`,
    ...server.controls,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function redisServer(): Promise<string> {
  const programs = ['redis-server', 'valkey-server'];
  const found = await findProgram(...programs);
  if (found !== undefined) return found;
  await installPackages(['redis-server'], {
    purpose: 'to run Redis privately',
    otherwise: 'name a running server in TROUPE_TEST_REDIS_URL (redis://…).',
  });
  return (await findProgram(...programs)) ?? 'redis-server';
}
