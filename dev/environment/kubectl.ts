import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { findProgram, runProgram } from './program.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Older ones lack `kubectl wait --for=create` and server-side printing of what we test. */
const OLDEST_MINOR = 31;
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * The path of a recent kubectl: on the PATH, else taken out of Debian 13's package into `.cache/` without
 * installing it (Debian 12 has 1.20). Throws, saying how to get one, when neither is possible.
 */
export async function kubectl(): Promise<string> {
  const installed = await findProgram('kubectl');
  if (installed !== undefined && (await minor(installed)) >= OLDEST_MINOR) return installed;
  return stockKubectl();
}

/**
 * The path of Debian 13's kubectl, built as its sources say: what is installed may be another build, such as the
 * dispatcher of a cloud vendor's tools, which behaves a little differently.
 */
export async function stockKubectl(): Promise<string> {
  const unpacked = path.join(cacheFolder('kubectl'), 'usr/bin/kubectl');
  if (!existsSync(unpacked)) await unpack(cacheFolder('kubectl'));
  return unpacked;
}

async function minor(command: string): Promise<number> {
  const text = await runProgram(command, ['version', '--client', '-o', 'json']);
  const { clientVersion } = JSON.parse(text) as { clientVersion: { minor: string } };
  return Number.parseInt(clientVersion.minor, 10);
}

async function unpack(target: string): Promise<void> {
  const [aptGet, dpkg] = [await findProgram('apt-get'), await findProgram('dpkg')];
  if (aptGet === undefined || dpkg === undefined || !existsSync(KEYRING)) {
    throw new Error(
      `kubectl 1.${OLDEST_MINOR} or newer is missing: install it (https://kubernetes.io/docs/tasks/tools/) ` +
        'and put it on the PATH.',
    );
  }
  console.log('fetching kubectl from Debian 13 into .cache/ ');
  await using folder = await temporaryFolder('kubectl');
  const options = await privateApt(folder.path);
  await runProgram(aptGet, [...options, 'update']);
  await runProgram(aptGet, [...options, 'download', 'kubectl'], { cwd: folder.path });
  const file = (await readdir(folder.path)).find((name) => name.endsWith('.deb'));
  if (file === undefined) throw new Error('apt-get download left no kubectl package');
  await mkdir(target, { recursive: true });
  await runProgram(dpkg, ['-x', path.join(folder.path, file), target]);
}

/** Options that make apt read one source and keep its state in `folder`: the system's lists stay as they are. */
async function privateApt(folder: string): Promise<string[]> {
  await mkdir(path.join(folder, 'lists/partial'), { recursive: true });
  await mkdir(path.join(folder, 'cache/archives/partial'), { recursive: true });
  const sources = path.join(folder, 'trixie.sources');
  await writeFile(
    sources,
    `Types: deb\nURIs: http://deb.debian.org/debian\nSuites: trixie\nComponents: main\nSigned-By: ${KEYRING}\n`,
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
