import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findProgram, runProgram } from './program.ts';
import { temporaryFolder } from './temporary-folder.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface UnpackOptions {
  /** The release of Debian whose package is taken, whatever this machine runs. */
  suite: 'sid' | 'trixie';
  name: string;
  /** Libraries that it depends on are unpacked beside it, the C library included. */
  withLibraries?: boolean;
  /** The folder that gets the files of the packages. */
  target: string;
  /** What to do where this is not possible, as a sentence. */
  otherwise: string;
}

/**
 * Unpacks a package of Debian without installing it: the system stays as it is, and nobody needs to be root. Throws,
 * saying `otherwise`, where apt or the keys of Debian are missing.
 */
export async function unpackPackage(options: UnpackOptions): Promise<void> {
  const { suite, name, target } = options;
  const [aptGet, dpkg] = [await findProgram('apt-get'), await findProgram('dpkg')];
  if (aptGet === undefined || dpkg === undefined || !existsSync(KEYRING)) {
    throw new Error(`${name} is missing and this is no Debian to take it from: ${options.otherwise}`);
  }
  console.log(`fetching ${name} from Debian ${suite} into .cache/`);
  await using folder = await temporaryFolder('apt');
  const apt = [aptGet, ...(await privateApt(folder.path, suite))] as const;
  await run(apt, ['update']);
  const libraries = options.withLibraries === true ? await librariesOf(apt, name) : [];
  await run(apt, ['download', name, ...libraries], folder.path);
  const partial = `${target}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const file of await readdir(folder.path)) {
    if (file.endsWith('.deb')) await runProgram(dpkg, ['-x', path.join(folder.path, file), partial]);
  }
  // Who finds the folder finds it complete.
  await rm(target, { recursive: true, force: true });
  await rename(partial, target);
}

function run([command, ...options]: readonly [string, ...string[]], args: string[], cwd?: string) {
  return runProgram(command, [...options, ...args], cwd === undefined ? {} : { cwd });
}

/** What apt would install on a machine that has nothing, as far as it is libraries. */
async function librariesOf(apt: readonly [string, ...string[]], name: string): Promise<string[]> {
  const uris = await run(apt, ['install', '--print-uris', '-qq', '--no-install-recommends', name]);
  return [...uris.matchAll(/^\S+ ([^_\s]+)_/gm)]
    .map(([, found]) => found ?? '')
    .filter((found) => /^z?lib(?!perl)/.test(found));
}

/** Options that make apt read one source and keep its state in `folder`: the system's lists stay as they are. */
async function privateApt(folder: string, suite: string): Promise<string[]> {
  await mkdir(path.join(folder, 'lists/partial'), { recursive: true });
  await mkdir(path.join(folder, 'cache/archives/partial'), { recursive: true });
  const sources = path.join(folder, 'debian.sources');
  await writeFile(
    sources,
    `Types: deb\nURIs: http://deb.debian.org/debian\nSuites: ${suite}\nComponents: main\nSigned-By: ${KEYRING}\n`,
  );
  return [
    `Dir::Etc::SourceList=${sources}`,
    `Dir::Etc::SourceParts=${folder}/none`,
    'Dir::Etc::Preferences=/dev/null',
    'Dir::Etc::PreferencesParts=/dev/null',
    `Dir::State::Lists=${folder}/lists`,
    'Dir::State::status=/dev/null',
    `Dir::Cache=${folder}/cache`,
    'APT::Sandbox::User=',
  ].flatMap((option) => ['-o', option]);
}
