import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import manifest from '../package.json' with { type: 'json' };
import { emptyFolder, placeFile } from '#executor-image/image/files';
import { ROOT } from './bundle.ts';
import { makePackage } from './package.ts';

/** In the words of Docker, with those of Node. */
const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' } as const;
export type Architecture = keyof typeof ARCHITECTURES;

/** Where the image has everything of ours. */
const HOME = 'opt/troupe';
/** An image without a shell cannot run bin/troupe of the package, which is a script of one. */
const COMMAND = `#!/${HOME}/node --max-semi-space-size=8
import '../lib/main.js';
`;
const HEALTHCHECK = 'healthcheck.js';
/** Nobody is asked for by name, but some libraries want to know who they are. 65532 is nonroot of distroless images. */
const USERS = 'root:x:0:0:root:/root:/sbin/nologin\ntroupe:x:65532:65532:troupe:/data:/sbin/nologin\n';
const GROUPS = 'root:x:0:\ntroupe:x:65532:\n';

const call = promisify(execFile);

export function isArchitecture(name: string): name is Architecture {
  return Object.hasOwn(ARCHITECTURES, name);
}

/** Writes what the server's image has beside its base to a folder, which it empties first. Runs nothing of that architecture. */
export async function makeImageRoot(folder: string, architecture: Architecture): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const home = path.join(folder, HOME);
  await makePackage(home);
  await writeFile(path.join(home, 'bin/troupe'), COMMAND);
  await chmod(path.join(home, 'bin/troupe'), 0o755);
  await copyFile(path.join(import.meta.dirname, HEALTHCHECK), path.join(home, 'lib', HEALTHCHECK));
  await placeNode(path.join(home, 'node'), architecture);
  await placeSqlite(path.join(home, 'node_modules/better-sqlite3'), architecture);
  await mkdir(path.join(folder, 'etc'));
  await writeFile(path.join(folder, 'etc/passwd'), USERS);
  await writeFile(path.join(folder, 'etc/group'), GROUPS);
}

/** better-sqlite3 comes with a program for each platform, of which one is needed, and with its source. */
async function placeSqlite(target: string, architecture: Architecture): Promise<void> {
  const source = path.join(ROOT, 'node_modules/better-sqlite3');
  for (const name of ['package.json', 'LICENSE', 'lib']) {
    await cp(path.join(source, name), path.join(target, name), { recursive: true });
  }
  const program = `prebuilds/linux-${ARCHITECTURES[architecture]}.node`;
  await mkdir(path.join(target, 'prebuilds'));
  await copyFile(path.join(source, program), path.join(target, program));
}

/** npm installs the Node of its own machine; that of another architecture is downloaded. */
async function placeNode(target: string, architecture: Architecture): Promise<void> {
  const name = `node-linux-${ARCHITECTURES[architecture]}` as const;
  try {
    await placeFile(path.join(ROOT, 'node_modules', name, 'bin/node'), target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await using folder = await emptyFolder();
    const version = manifest.optionalDependencies[name];
    await call('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', folder.path]);
    const archive = path.join(folder.path, `${name}-${version}.tgz`);
    await call('tar', ['--extract', '--file', archive, '--directory', folder.path, 'package/bin/node']);
    await copyFile(path.join(folder.path, 'package/bin/node'), target);
  }
  await chmod(target, 0o755);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { to: { type: 'string' }, arch: { type: 'string' } } });
  const { to, arch = '' } = values;
  if (to === undefined || !isArchitecture(arch)) {
    process.stderr.write('usage: node release/image-root.ts --arch amd64|arm64 --to FOLDER\n');
    process.exitCode = 2;
  } else {
    await makeImageRoot(path.resolve(to), arch);
  }
}
