import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot, sharedCacheFolder } from './cache-folder.ts';
import { go } from './go.ts';
import { startProcess } from './process.ts';
import { runProgram } from './program.ts';

/** A program of a module that one of ours names as its tool, by the folder of ours. */
const TOOLS: Readonly<Record<string, { folder: string; package: string }>> = {
  'argo-cd-agent': { folder: 'argo-cd', package: 'github.com/argoproj/gitops-engine/agent' },
};
/** Version 3 of Helm merges on the client's side; version 4 applies on the server's. */
const HELM: Readonly<Record<string, { module: string; version: string }>> = {
  'helm-3': { module: 'helm.sh/helm/v3/cmd/helm', version: 'v3.22.0' },
  'helm-4': { module: 'helm.sh/helm/v4/cmd/helm', version: 'v4.3.1' },
};
const SOURCES = path.join(projectRoot, 'test/go');
/** One core at most, and only what others leave of it: tests run beside the build. */
const ONE_CORE = { GOMAXPROCS: '1' };
const NICENESS = 10;

/** A program that is built from Go sources, and where it goes. `arguments` are those of `go`, without the output. */
interface Recipe {
  readonly built: string;
  /** Where `go` runs: in a module. */
  readonly folder: string;
  readonly arguments: readonly string[];
  /** The name that `go install` gives the program; undefined where `go build -o` is told the name. */
  readonly installedAs?: string;
}

/**
 * Programs built from Go sources, one build after another: those of test/go by the names of their folders, `helm-3`,
 * `helm-4` and `argo-cd-agent`. They are kept by their version in a folder that outlives the checkout. Disposing ends the build that is
 * under way.
 */
export class GoPrograms implements AsyncDisposable {
  readonly #builds = new Map<string, Promise<string>>();
  readonly #stop = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  /** The path of the program, once it is built. Rejects with what the compiler said. */
  path(name: string): Promise<string> {
    const known = this.#builds.get(name);
    if (known !== undefined) return known;
    const started = this.#start(name);
    this.#builds.set(name, started);
    return started;
  }

  /** Begins to build all, so that they are there when they are asked for. A failure is told to whoever asks. */
  async prepare(): Promise<void> {
    const entries = await readdir(SOURCES, { withFileTypes: true });
    const ours = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    for (const name of [...ours, ...Object.keys(TOOLS), ...Object.keys(HELM)])
      void this.path(name).catch(() => undefined);
  }

  async #start(name: string): Promise<string> {
    const command = await go();
    if (command === undefined) throw new Error(`Go is missing: ${name} cannot be built`);
    const recipe = await recipeOf(name, command);
    if (existsSync(recipe.built)) return recipe.built;
    const build = this.#last.then(() => this.#build(command, recipe));
    this.#last = build.catch(() => undefined);
    await build;
    return recipe.built;
  }

  /** Into a folder beside its place and then there in one step: another checkout may build the same. */
  async #build(command: string, recipe: Recipe): Promise<void> {
    this.#stop.signal.throwIfAborted();
    const folder = `${recipe.built}.${process.pid}`;
    await mkdir(folder, { recursive: true });
    const output = path.join(folder, recipe.installedAs ?? 'program');
    const how =
      recipe.installedAs === undefined ? ['build', '-p', '1', '-o', output] : ['install', '-p', '1'];
    try {
      const env = { ...ONE_CORE, GOBIN: folder };
      await this.#run(command, [...how, ...recipe.arguments], { cwd: recipe.folder, env });
      await rename(output, recipe.built);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #run(
    command: string,
    args: readonly string[],
    { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
  ): Promise<void> {
    const build = await startProcess({
      command: 'nice',
      args: ['-n', String(NICENESS), command, ...args],
      cwd,
      env: { ...process.env, ...env },
    });
    const stop = (): void => void build.stop();
    this.#stop.signal.addEventListener('abort', stop, { once: true });
    const code = await build.exited;
    this.#stop.signal.removeEventListener('abort', stop);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${String(code)}\n${build.output()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the build was stopped'));
    await this.#last;
  }
}

async function recipeOf(name: string, command: string): Promise<Recipe> {
  const compiler = (await runProgram(command, ['env', 'GOVERSION', 'GOOS', 'GOARCH'])).trim().split('\n');
  const folder = sharedCacheFolder('go', compiler.join('-'));
  const helm = HELM[name];
  if (helm !== undefined) {
    const { module, version } = helm;
    const built = path.join(folder, `helm-${version}`);
    return { built, folder: SOURCES, arguments: [`${module}@${version}`], installedAs: 'helm' };
  }
  const tool = TOOLS[name];
  const built = path.join(folder, `${name}-${await digestOf(tool?.folder ?? name)}`);
  if (tool !== undefined) {
    return { built, folder: path.join(SOURCES, tool.folder), arguments: [tool.package] };
  }
  if (isModule(name)) return { built, folder: path.join(SOURCES, name), arguments: ['.'] };
  return { built, folder: SOURCES, arguments: [`./${name}`] };
}

/** Whether the program does not share the module of the others. */
const isModule = (name: string): boolean => existsSync(path.join(SOURCES, name, 'go.mod'));

/** Changes with what the program of test/go with that name is built from. */
async function digestOf(name: string): Promise<string> {
  const files = (await readdir(path.join(SOURCES, name))).toSorted().map((file) => path.join(name, file));
  const hash = createHash('sha256');
  for (const file of isModule(name) ? files : ['go.mod', 'go.sum', ...files]) {
    const content = await readFile(path.join(SOURCES, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}
