import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const REQUIREMENTS = path.resolve(import.meta.dirname, '../adapters/agno/requirements.txt');

/** Where a runner on a developer's machine looks for the packages, too. */
const CACHE = path.resolve(import.meta.dirname, '../../.cache/agno');
/** Says which requirements a folder of packages was made for. */
const MARK = '.requirements';

/** As pip calls them; the image's C library takes wheels for older ones too. */
const PLATFORMS: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };
const C_LIBRARIES = ['manylinux_2_28', 'manylinux2014', 'manylinux_2_17'];

export interface AgnoPackages {
  folder: string;
  /** Tells which packages these are. */
  version: string;
}

/**
 * The library Agno and all that it needs, for Python 3.11 on Linux, from PyPI's wheels: nothing of them runs here.
 * Throws an Error with pip's last words.
 */
export async function ensureAgnoPackages(arch: string, log: (line: string) => void): Promise<AgnoPackages> {
  const text = await readFile(REQUIREMENTS, 'utf8');
  const version = `agno-packages@${createHash('sha256').update(`${arch}\n${text}`).digest('hex').slice(0, 12)}`;
  const mark = path.join(CACHE, MARK);
  if (existsSync(mark) && (await readFile(mark, 'utf8')) === version) return { folder: CACHE, version };
  log('Agno and its packages (a minute)');
  const making = `${CACHE}-${process.pid}`;
  await mkdir(making, { recursive: true });
  try {
    await install(arch, making);
    await rm(path.join(making, 'bin'), { recursive: true, force: true });
    await writeFile(path.join(making, MARK), version);
    await rm(CACHE, { recursive: true, force: true });
    await rename(making, CACHE);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return { folder: CACHE, version };
}

async function install(arch: string, target: string): Promise<void> {
  const cpu = PLATFORMS[arch];
  if (cpu === undefined) throw new Error(`Agno's packages are not made for ${arch}`);
  const args = [
    ...['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-compile', '--disable-pip-version-check'],
    ...['--only-binary=:all:', '--python-version', '3.11', '--target', target],
    ...C_LIBRARIES.flatMap((library) => ['--platform', `${library}_${cpu}`]),
    ...['--requirement', REQUIREMENTS],
  ];
  const child = spawn('python3', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await once(child, 'close').catch((error: NodeJS.ErrnoException) => [error.code])) as [
    unknown,
  ];
  if (code === 'ENOENT') throw new Error('python3 with pip is missing (Debian: apt-get install python3-pip)');
  if (code !== 0) throw new Error(`pip failed: ${errors.trim().split('\n').slice(-5).join('\n')}`);
}
