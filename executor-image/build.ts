import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureAgnoPackages } from './image/agno-packages.ts';
import type { AgnoPackages } from './image/agno-packages.ts';
import { ensureBaseImage } from './image/base-image.ts';
import { bundleRunner } from './image/bundle-runner.ts';
import { describeError } from './run-failure.ts';
import { connectDocker } from './image/docker-cli.ts';
import type { DockerCli } from './image/docker-cli.ts';
import { emptyFolder, placeFile, textOf } from './image/files.ts';
import { PATCHELF, placePatchelf } from './image/patchelf.ts';

export interface EnsureImageOptions {
  /** As DOCKER_HOST; by default the environment's. */
  dockerHost?: string;
  /** Told what takes time. */
  log?: (line: string) => void;
  /** Further name for the image. */
  tag?: string;
}

const FOLDER = import.meta.dirname;
const NAME = 'troupe-executor';
/** The part of the runner that is no JavaScript; below adapters/, and below /opt/troupe. */
const BRIDGE = 'agno/bridge.py';

/**
 * Builds the sandbox image where something in it changed, and tags it `troupe-executor:latest`.
 * Returns the tag that names the content. Throws an Error that says what is missing.
 */
export async function ensureImage(options: EnsureImageOptions = {}): Promise<string> {
  const log = options.log ?? (() => undefined);
  const [docker, runner] = await Promise.all([
    connectDocker({ host: options.dockerHost, log }),
    bundleRunner(),
  ]);
  const arch = await docker.arch();
  const programs = findPrograms(arch);
  const base = await ensureBaseImage({ docker, folder: FOLDER, log });
  const agno = await agnoPackages(arch, log);
  const middle = await ensurePrograms({ docker, arch, base, programs, agno, log });
  const file = path.join(FOLDER, 'Dockerfile');
  const bridge = await textOf(path.join(FOLDER, 'adapters', BRIDGE));
  const tag = `${NAME}:${hashOf(middle, bridge, ...runner.flatMap(({ name, code }) => [name, code]), await textOf(file))}`;
  if (!(await docker.has(tag))) {
    log(`image: ${tag}`);
    await using context = await emptyFolder();
    await mkdir(path.join(context.path, 'runner'));
    await mkdir(path.join(context.path, 'agno'));
    await writeFile(path.join(context.path, BRIDGE), bridge);
    for (const { name, code } of runner) await writeFile(path.join(context.path, name), code);
    await docker.build({ tag, file, context: context.path, args: { BASE: middle } });
  }
  for (const name of [`${NAME}:latest`, ...(options.tag === undefined ? [] : [options.tag])]) {
    await docker.tag(tag, name);
  }
  return tag;
}

/** Everything else works without: a machine without pip, or without PyPI, gets an image all the same. */
async function agnoPackages(arch: string, log: (line: string) => void): Promise<AgnoPackages | undefined> {
  try {
    return await ensureAgnoPackages(arch, log);
  } catch (error) {
    log(`Shells of type Agno will not run: ${describeError(error)}`);
    return undefined;
  }
}

interface Program {
  /** Its path in the image, below /opt/troupe. */
  name: string;
  file: string;
  version: string;
}

/** The programs for the engine's architecture, from node_modules. Throws when npm installed another one's. */
function findPrograms(arch: string): Program[] {
  const { resolve } = createRequire(import.meta.url);
  const find = (name: string, packageName: string, file: string): Program => {
    let manifest: string;
    try {
      manifest = resolve(`${packageName}/package.json`);
    } catch (error) {
      const hint = `npm install --cpu=${arch} --os=linux --ignore-scripts`;
      throw new Error(`package ${packageName} is not installed (${hint})`, { cause: error });
    }
    const { version } = createRequire(manifest)(manifest) as { version: string };
    return { name, file: path.join(path.dirname(manifest), file), version: `${packageName}@${version}` };
  };
  return [
    find('node', `node-linux-${arch}`, 'bin/node'),
    find('claude', `@anthropic-ai/claude-code-linux-${arch}`, 'claude'),
    // The second runs the code in which newer models call their tools. The rest of the package is for a desktop.
    ...['codex', 'codex-code-mode-host'].map((name) =>
      find(
        `codex/bin/${name}`,
        `@openai/codex-linux-${arch}`,
        `vendor/${MUSL_TARGETS[arch] ?? arch}/bin/${name}`,
      ),
    ),
  ];
}

/** Architectures in the words of Rust, for programs that need no C library. */
const MUSL_TARGETS: Readonly<Record<string, string>> = {
  x64: 'x86_64-unknown-linux-musl',
  arm64: 'aarch64-unknown-linux-musl',
};

interface ProgramsOptions {
  docker: DockerCli;
  arch: string;
  base: string;
  programs: Program[];
  /** Absent where they cannot be had. */
  agno: AgnoPackages | undefined;
  log: (line: string) => void;
}

/** The layer with the programs, made anew only when their versions change: they have half a gigabyte. */
async function ensurePrograms({ docker, arch, base, programs, agno, log }: ProgramsOptions): Promise<string> {
  const file = path.join(FOLDER, 'Dockerfile.programs');
  const relocate = path.join(FOLDER, 'image', 'relocate.sh');
  const versions = [...programs.map((program) => program.version), agno?.version ?? 'no Agno'];
  const texts = [await textOf(file), await textOf(relocate)];
  const tag = `${NAME}-programs:${hashOf(base, PATCHELF, ...versions, ...texts)}`;
  if (await docker.has(tag)) return tag;
  log(`programs: ${versions.join(', ')}`);
  await using context = await emptyFolder();
  for (const { file: source, name } of programs) {
    const target = path.join(context.path, name);
    await mkdir(path.dirname(target), { recursive: true });
    await placeFile(source, target);
  }
  if (agno !== undefined) {
    await cp(agno.folder, path.join(context.path, 'agno', 'packages'), { recursive: true });
  }
  await copyFile(relocate, path.join(context.path, path.basename(relocate)));
  await using tools = await emptyFolder();
  await placePatchelf(arch, tools.path);
  await placeFile(path.join(tools.path, 'patchelf'), path.join(context.path, 'patchelf'));
  await docker.build({ tag, file, context: context.path, args: { BASE: base } });
  return tag;
}

function hashOf(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 12);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { tag: { type: 'string' } } });
  try {
    const tag = await ensureImage({
      log: (line) => process.stderr.write(`${line}\n`),
      ...(values.tag === undefined ? {} : { tag: values.tag }),
    });
    process.stdout.write(`${tag}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
