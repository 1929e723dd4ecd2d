import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot, sharedCacheFolder } from '../cache-folder.ts';
import { go } from './go.ts';
import { startProcess } from '../process.ts';
import { runProgram } from '../program.ts';

/** A program of a module that one of ours names as its tool, by the folder of ours. */
const TOOLS: Readonly<Record<string, { folder: string; package: string }>> = {
  'argo-cd-agent': { folder: 'argo-cd', package: 'github.com/argoproj/gitops-engine/agent' },
};
/** Version 3 of Helm merges on the client's side; version 4 applies on the server's. */
const HELM: Readonly<Record<string, { module: string; version: string }>> = {
  'helm-3': { module: 'helm.sh/helm/v3/cmd/helm', version: 'v3.22.0' },
  'helm-4': { module: 'helm.sh/helm/v4/cmd/helm', version: 'v4.3.1' },
};
/** Modules with several programs, by their folder; a program's name is then `folder/program`. */
const SEVERAL: Readonly<Record<string, readonly string[]>> = {
  kubernetes: ['kube', 'coredns', 'network-policies', 'pause'],
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
  /** Whether it needs no library of the machine, as what runs in an image without one. */
  readonly static?: boolean;
  /** The name that `go install` gives the program; undefined where `go build -o` is told the name. */
  readonly installedAs?: string;
}

/**
 * Programs built from Go sources, one build after another: those of test/go by the names of their folders (`folder/program`
 * where one has several), `helm-3`, `helm-4` and `argo-cd-agent`. They are kept by their version in a folder that outlives the checkout. Disposing ends the build that is
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
    const single = ours.filter((name) => !(name in SEVERAL));
    // The largest program is built last: tests that use it run last.
    const names = [...single, ...Object.keys(TOOLS), ...Object.keys(HELM), ...ours.flatMap(programsOf)];
    void this.#buildInTurn(names);
  }

  /** Whoever asks for a program waits for the build that is under way, and not for all the others. */
  async #buildInTurn(names: readonly string[]): Promise<void> {
    for (const name of names) await this.path(name).catch(() => undefined);
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
      const env = { ...ONE_CORE, GOBIN: folder, ...(recipe.static === true ? { CGO_ENABLED: '0' } : {}) };
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

const programsOf = (folder: string): string[] =>
  (SEVERAL[folder] ?? []).map((program) => `${folder}/${program}`);

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
  if (name.startsWith('kubernetes/')) return kubernetesRecipe(name, folder);
  if (isModule(name)) return { built, folder: path.join(SOURCES, name), arguments: ['.'] };
  return { built, folder: SOURCES, arguments: [`./${name}`] };
}

/** Without a version a component would take itself for v0.0.0, which tools of clusters refuse. */
async function kubernetesRecipe(name: string, folder: string): Promise<Recipe> {
  const [module = '', program = ''] = name.split('/');
  const source = path.join(SOURCES, module);
  const requirements = await readFile(path.join(source, 'go.mod'), 'utf8');
  const [, version = '', major = '', minor = ''] =
    /k8s[.]io\/kubernetes (v(\d+)[.](\d+)\S+)/.exec(requirements) ?? [];
  const variables = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const set = Object.entries(variables).map(
    ([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`,
  );
  const digest = await digestOf(module, [program]);
  return {
    built: path.join(folder, `${program}-${digest}`),
    folder: source,
    static: true,
    arguments: ['-trimpath', '-ldflags', ['-s -w', ...set].join(' '), `./${program}`],
  };
}

/** Whether the program does not share the module of the others. */
const isModule = (name: string): boolean => existsSync(path.join(SOURCES, name, 'go.mod'));

/** Changes with what the program of test/go with that name is built from: the files there and in those subfolders. */
async function digestOf(name: string, subfolders: readonly string[] = []): Promise<string> {
  const files: string[] = [];
  for (const folder of [name, ...subfolders.map((subfolder) => path.join(name, subfolder))]) {
    const entries = await readdir(path.join(SOURCES, folder), { withFileTypes: true });
    const found = entries.filter((entry) => entry.isFile()).map((entry) => path.join(folder, entry.name));
    files.push(...found.toSorted());
  }
  const hash = createHash('sha256');
  for (const file of isModule(name) ? files : ['go.mod', 'go.sum', ...files]) {
    const content = await readFile(path.join(SOURCES, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}
