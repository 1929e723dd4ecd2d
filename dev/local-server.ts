import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EXAMPLE_PORTS } from './demo/manifests.ts';
import { cacheFolder, projectRoot } from './environment/cache-folder.ts';
import { describeEnd, isRunning } from './server-process.ts';

/** `make up` and `make down`: the all-in-one server in the background, its data and log in .cache/server. */

const folder = cacheFolder('server');
const pidFile = path.join(folder, 'pid');
const kubeconfig = path.join(folder, 'kubeconfig');
const log = path.join(folder, 'server.log');
const READY_MS = 60_000;
const EXAMPLE_MODEL = ['localhost', 'host.docker.internal']
  .map((host) => `${host}:${EXAMPLE_PORTS.model}`)
  .join(',');

async function runningPid(): Promise<number | undefined> {
  if (!existsSync(pidFile)) return undefined;
  const pid = Number(await readFile(pidFile, 'utf8'));
  return isRunning(pid) ? pid : undefined;
}

async function up(): Promise<void> {
  const running = await runningPid();
  if (running !== undefined) {
    console.log(`already running (pid ${running})\n  export KUBECONFIG=${kubeconfig}`);
    return;
  }
  await mkdir(folder, { recursive: true });
  const output = openSync(log, 'w');
  const child = spawn(
    path.join(projectRoot, 'bin/troupe'),
    ['server', '--data-dir', path.join(folder, 'data'), '--write-kubeconfig', kubeconfig],
    {
      detached: true,
      stdio: ['ignore', output, output],
      // The scripted model of the examples, on this machine.
      env: { TROUPE_ALLOWED_ADDRESSES: EXAMPLE_MODEL, ...process.env },
    },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error('bin/troupe could not be started');
  await writeFile(pidFile, `${pid}\n`);
  const end = Date.now() + READY_MS;
  while (!/ ready at /.test(await readFile(log, 'utf8'))) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(await describeEnd(log));
    await delay(100);
  }
  child.unref();
  // The server may run agents as plain processes, for example: nobody looks into a log for that.
  for (const warning of warningsOf(await readFile(log, 'utf8'))) console.log(`warning: ${warning}`);
  console.log(`running (pid ${pid}, log ${log})\n  export KUBECONFIG=${kubeconfig}\n  kubectl get tasks`);
}

/** The log is a file, so its lines are JSON. */
function warningsOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { level: string; msg: string })
    .flatMap(({ level, msg }) => (level === 'warn' ? [msg] : []));
}

async function down(): Promise<void> {
  const pid = await runningPid();
  if (pid === undefined) {
    console.log('not running');
    return;
  }
  process.kill(pid, 'SIGTERM');
  while (isRunning(pid)) await delay(100);
  await rm(pidFile, { force: true });
  console.log('stopped');
}

switch (process.argv[2]) {
  case 'up':
    await up();
    break;
  case 'down':
    await down();
    break;
  default:
    console.error('usage: node dev/local-server.ts up|down');
    process.exitCode = 2;
}
