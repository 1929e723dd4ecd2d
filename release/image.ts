import { createHash } from 'node:crypto';
import path from 'node:path';
import { parseArgs } from 'node:util';
import manifest from '../package.json' with { type: 'json' };
import { ensureBaseImage } from '#executor-image/image/base-image';
import { importDebian } from '#executor-image/image/debian-image';
import { connectDocker } from '#executor-image/image/docker-cli';
import type { DockerCli } from '#executor-image/image/docker-cli';
import { emptyFolder } from '#executor-image/image/files';
import { ROOT } from './bundle.ts';
import { isArchitecture, makeImageRoot } from './image-root.ts';
import type { Architecture } from './image-root.ts';

const NAME = 'troupe';
/** Has the libraries that Node needs, and neither a shell nor a package manager. Pulled where it can be. */
const USUAL_BASE = 'gcr.io/distroless/cc-debian12:latest';
const SUITE = 'bookworm';
/** The same, of Debian's packages. Certificates of authorities are in Node. */
const PACKAGES = ['base-files', 'libc6', 'libgcc-s1', 'libstdc++6', 'netbase'];

export interface ServerImageOptions {
  /** As DOCKER_HOST; by default the environment's. */
  dockerHost?: string;
  /** The engine's own by default. */
  architecture?: Architecture;
  /** Instead of the usual base. */
  base?: string;
  /** Of the commit, for the label. */
  revision?: string;
  /** `troupe:VERSION` by default. */
  tag?: string;
  /** Told what takes time. */
  log?: (line: string) => void;
}

/**
 * Builds the image of the server with an engine that needs no registry and no BuildKit. Returns its tag.
 *
 * @throws Error that says what is missing
 */
export async function buildServerImage(options: ServerImageOptions = {}): Promise<string> {
  const log = options.log ?? (() => undefined);
  const docker = await connectDocker({ host: options.dockerHost, log });
  const own = (await docker.arch()) === 'arm64' ? 'arm64' : 'amd64';
  const { architecture = own, revision = 'unknown', tag = `${NAME}:${manifest.version}` } = options;
  const base = options.base ?? (await serverBase(docker, { architecture, own, log }));
  const buildBase = await ensureBaseImage({ docker, folder: path.join(ROOT, 'executor-image'), log });
  await using context = await emptyFolder();
  log(`image: ${tag} for ${architecture}`);
  await makeImageRoot(path.join(context.path, 'image-root'), architecture);
  await docker.build({
    tag,
    file: path.join(import.meta.dirname, 'Dockerfile'),
    context: context.path,
    args: { BASE: base, BUILD_BASE: buildBase, VERSION: manifest.version, REVISION: revision },
  });
  return tag;
}

interface BaseOptions {
  architecture: Architecture;
  /** The engine's. */
  own: Architecture;
  log: (line: string) => void;
}

async function serverBase(docker: DockerCli, { architecture, own, log }: BaseOptions): Promise<string> {
  if (architecture === own && ((await docker.has(USUAL_BASE)) || (await docker.pull(USUAL_BASE)))) {
    return USUAL_BASE;
  }
  const hash = createHash('sha256').update([SUITE, architecture, 'loaded', ...PACKAGES].join('\n'));
  const tag = `${NAME}-base:${hash.digest('hex').slice(0, 12)}`;
  if (await docker.has(tag)) return tag;
  log(`base image: made of ${PACKAGES.length} packages of Debian`);
  await importDebian(docker, { tag, suite: SUITE, variant: 'extract', packages: PACKAGES, architecture });
  return tag;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      arch: { type: 'string' },
      base: { type: 'string' },
      revision: { type: 'string' },
      tag: { type: 'string' },
    },
  });
  const { arch, ...rest } = values;
  try {
    if (arch !== undefined && !isArchitecture(arch)) throw new Error('--arch is amd64 or arm64');
    const architecture = arch === undefined ? {} : { architecture: arch };
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    process.stdout.write(`${await buildServerImage({ ...rest, ...architecture, log })}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
