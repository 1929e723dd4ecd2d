import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { dockerEnvironment } from './config.ts';

export interface DockerCliOptions {
  /** As DOCKER_HOST; by default the environment's. */
  host?: string | undefined;
  log: (line: string) => void;
}

export interface BuildOptions {
  tag: string;
  /** Text of the Dockerfile, which stands outside the context. */
  file: string;
  context: string;
  args: Record<string, string>;
}

/** The engine as the `docker` command reaches it; build-time only, the product speaks to it with dockerode. */
export interface DockerCli {
  /** Engine's architecture in the words of Node: x64, arm64. */
  arch(): Promise<string>;
  has(tag: string): Promise<boolean>;
  tag(source: string, target: string): Promise<void>;
  /** False when the image cannot be had from its registry. */
  pull(image: string): Promise<boolean>;
  build(options: BuildOptions): Promise<void>;
  /** Takes images as `docker save` writes them. */
  load(tar: Readable): Promise<void>;
}

const ARCHITECTURES: Record<string, string> = {
  amd64: 'x64',
  x86_64: 'x64',
  arm64: 'arm64',
  aarch64: 'arm64',
};

/** Throws an Error when there is no `docker` command or no engine behind it. */
export async function connectDocker(options: DockerCliOptions): Promise<DockerCli> {
  const buildKit = (await run(['buildx', 'version'], { ...options, buildKit: false })).code === 0;
  const docker = (args: string[], input?: Readable): Promise<Output> =>
    run(args, { ...options, buildKit, ...(input === undefined ? {} : { input }) });
  const must = async (args: string[], input?: Readable): Promise<string> => {
    const { code, stdout, stderr } = await docker(args, input);
    if (code !== 0) throw new Error(`docker ${args[0]} failed: ${(stderr || stdout).trim()}`);
    return stdout.trim();
  };
  await must(['version', '--format', '{{.Server.Version}}']);
  return {
    async arch() {
      const name = await must(['version', '--format', '{{.Server.Arch}}']);
      return ARCHITECTURES[name] ?? name;
    },
    has: async (tag) => (await docker(['image', 'inspect', '--format', '{{.Id}}', tag])).code === 0,
    async tag(source, target) {
      await must(['tag', source, target]);
    },
    pull: async (image) => (await docker(['pull', '--quiet', image])).code === 0,
    async build({ tag, file, context, args }) {
      const values = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
      await must(['build', '--tag', tag, '--file', file, ...values, context]);
    },
    async load(tar) {
      await must(['load', '--quiet'], tar);
    },
  };
}

interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

interface RunOptions extends DockerCliOptions {
  buildKit: boolean;
  input?: Readable;
}

function run(args: readonly string[], { host, buildKit, input, log }: RunOptions): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, { env: dockerEnvironment({ host, buildKit }) });
    const output: Output = { code: 1, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      reject(
        missing ? new Error('the docker command is missing (Debian: apt-get install docker.io)') : error,
      );
    });
    child.once('close', (code) => resolve({ ...output, code: code ?? 1 }));
    if (input === undefined) child.stdin.end();
    // The command's own exit says more than its closed pipe.
    else pipeline(input, child.stdin).catch((error: Error) => log(`docker ${args[0]}: ${error.message}`));
  });
}
