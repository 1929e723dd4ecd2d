import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { EXAMPLE_PORTS, manifestFolder } from './demo/manifests.ts';
import { narrator } from './demo/narrator.ts';
import type { Narrator } from './demo/narrator.ts';
import { makeRepository, serveRepositories } from './demo/repository.ts';
import { projectRoot } from './environment/cache-folder.ts';
import { hostAddress } from './environment/docker/docker-gateway.ts';
import { environment } from './environment/environment.ts';
import { freePort } from './environment/free-port.ts';
import { startProcess } from './environment/process.ts';
import type { RunningProcess } from './environment/process.ts';
import { buildSandboxImage } from './environment/docker/sandbox-image.ts';
import { temporaryFolder } from './environment/temporary-folder.ts';
import { interruption } from './interruption.ts';

/**
 * `make demo`: a server on SQLite, a small repository, the manifests of examples/quickstart, and the real
 * Claude Code at work in a sandbox. With ANTHROPIC_API_KEY set the model is real too. Everything that was
 * started is stopped and removed at the end, also after a failure or Ctrl-C.
 */

const EXAMPLE = 'examples/quickstart';
const TASK = 'fix-readme';

interface Stage extends AsyncDisposable {
  readonly narrator: Narrator;
  readonly server: RunningProcess;
  readonly manifests: string;
  readonly realModel: boolean;
}

const interrupted = interruption();
process.chdir(projectRoot);
try {
  await demo();
} catch (error) {
  console.error('');
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function demo(): Promise<void> {
  await using stage = await setStage();
  try {
    await play(stage);
  } catch (error) {
    if (!interrupted.aborted) console.error(`\nthe server's last words:\n${stage.server.output()}`);
    throw error;
  }
}

async function setStage(): Promise<Stage> {
  const realModel = Boolean(process.env['ANTHROPIC_API_KEY']);
  await using stack = new AsyncDisposableStack();
  const provided = stack.use(await environment(['git', 'kubectl', 'docker']));
  const engine = provided.docker;
  if (engine === undefined) throw new Error('no Docker engine');
  const folder = stack.use(await temporaryFolder('demo'));
  const env = { ...process.env, ...provided.variables, TROUPE_DATABASE_URL: '', TROUPE_REDIS_URL: '' };
  const tell = narrator({ env, signal: interrupted });

  tell.say('The image of the sandboxes (built once).');
  tell.show('make image');
  await buildSandboxImage(engine, interrupted);
  interrupted.throwIfAborted();

  const address = await hostAddress(engine.host);
  const modelPort = await freePort({ host: address, preferred: EXAMPLE_PORTS.model });
  const gitPort = await freePort({ host: address, preferred: EXAMPLE_PORTS.git });

  tell.say('A small repository, served to the sandboxes.');
  const repositories = path.join(folder.path, 'repositories');
  await makeRepository(repositories, path.join(EXAMPLE, 'repository'));
  tell.show(`git daemon --export-all --base-path=${repositories} --listen=${address} --port=${gitPort} &`);
  stack.use(await serveRepositories({ folder: repositories, address, port: gitPort }));

  if (realModel) {
    tell.say('ANTHROPIC_API_KEY is set: the model is the real service.');
  } else {
    tell.say('A model that costs nothing: a script. (Set ANTHROPIC_API_KEY for the real one.)');
    stack.use(
      await startTroupe(tell, ['model-server', '--script', `${EXAMPLE}/model/script.yaml`], {
        env,
        flags: ['--listen', `${address}:${modelPort}`],
      }),
    );
  }

  tell.say('The server, all in one process, on SQLite. It may call the script.');
  const kubeconfig = path.join(folder.path, 'kubeconfig');
  const server = stack.use(
    await startTroupe(tell, ['server', '--driver', 'docker'], {
      env,
      settings: { TROUPE_ALLOWED_ADDRESSES: `${address}:${modelPort}` },
      flags: [
        ...['--listen', '127.0.0.1:0'],
        ...['--data-dir', path.join(folder.path, 'data')],
        ...['--write-kubeconfig', kubeconfig],
      ],
    }),
  );
  tell.show(`export KUBECONFIG=${kubeconfig}`);
  tell.export({ KUBECONFIG: kubeconfig });

  const copy = path.join(folder.path, 'manifests');
  await mkdir(copy);
  const manifests = await manifestFolder({ example: EXAMPLE, copy, modelPort, gitPort, realModel });
  const owned = stack.move();
  return { narrator: tell, server, manifests, realModel, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface TroupeOptions {
  env: NodeJS.ProcessEnv;
  /** Variables that whoever runs the command again needs, too. */
  settings?: Readonly<Record<string, string>>;
  flags: readonly string[];
}

/** Starts one of our own processes in the background and waits for its line "… ready at …". */
async function startTroupe(
  tell: Narrator,
  command: readonly string[],
  { env, settings = {}, flags }: TroupeOptions,
): Promise<RunningProcess> {
  const args = [...command, ...flags];
  const set = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  tell.show(`${[...set, 'bin/troupe', ...args].join(' ')} &`);
  const child = await startProcess({
    ...{ command: 'bin/troupe', args, patienceMs: 30_000 },
    env: { ...env, ...settings },
  });
  try {
    await child.until({
      what: 'get ready',
      ready: () => / ready at /.test(child.output()),
      timeoutMs: 60_000,
    });
  } catch (error) {
    await child.stop();
    throw error;
  }
  console.log(
    child
      .output()
      .split('\n')
      .find((line) => / ready at /.test(line)),
  );
  return child;
}

async function play({ narrator: tell, manifests, realModel }: Stage): Promise<void> {
  if (realModel) {
    tell.say('The key goes into a Secret; no sandbox and no log gets to see it.');
    await tell.run(
      'printf %s "$ANTHROPIC_API_KEY" | kubectl create secret generic anthropic --from-file=api_key=/dev/stdin',
    );
  }
  tell.say('A Ghost, a Model, a Shell, a Bot, a Team, a Workspace and a Task.');
  await tell.run(`kubectl apply -f ${manifests}`);

  tell.say('The Task, live: Claude Code reads the repository, edits a file and commits.');
  await tell.run(`bin/troupe logs -f task/${TASK}`);
  await tell.run(`kubectl wait task/${TASK} --for=condition=Finished --timeout=60s`);

  tell.say('The finished Task and the Sandbox it ran in.');
  await tell.run('kubectl get task,sandbox');

  tell.say('What the agent changed.');
  await tell.run(`bin/troupe logs task/${TASK} --only diff`);

  tell.say('No container is left.');
  await tell.run('docker ps --filter label=io.troupe.executor');

  tell.say('Deleting the Task removes its Sandbox; the volume of its container went with the container.');
  await tell.run(`kubectl delete task/${TASK}`);
  await tell.run('kubectl wait sandbox --all --for=delete --timeout=60s');
  await tell.run('docker volume ls --filter name=troupe-rt-');
  tell.say(
    'Everything that the demo started is stopped now. The image stays, so that the next time is quick.',
  );
}
