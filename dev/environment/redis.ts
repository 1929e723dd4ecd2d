import { freePort } from './free-port.ts';
import { installPackages } from './packages.ts';
import { accepts, startProcess } from './process.ts';
import { findProgram } from './program.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface Redis extends AsyncDisposable {
  readonly url: string;
}

/** The Redis that TROUPE_TEST_REDIS_URL names, else a private one on a free loopback port that keeps nothing. */
export async function redis(): Promise<Redis> {
  const named = process.env['TROUPE_TEST_REDIS_URL'];
  if (named) return { url: named, async [Symbol.asyncDispose]() {} };

  const command = await redisServer();
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('redis'));
  const port = await freePort();
  const server = stack.use(
    await startProcess({
      command,
      args: [
        '--port',
        `${port}`,
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        '--dir',
        folder.path,
      ],
    }),
  );
  await server.until({ what: 'accept connections', ready: () => accepts(port), timeoutMs: 30_000 });
  const owned = stack.move();
  return { url: `redis://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => owned.disposeAsync() };
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
