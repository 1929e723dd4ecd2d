import { existsSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { unpackPackage } from './debian-packages.ts';
import { findProgram, runProgram } from './program.ts';

/** Older ones lack `kubectl wait --for=create` and server-side printing of what we test. */
const OLDEST_MINOR = 31;

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
  if (!existsSync(unpacked)) {
    await unpackPackage({
      suite: 'trixie',
      name: 'kubectl',
      target: cacheFolder('kubectl'),
      otherwise: `install kubectl 1.${OLDEST_MINOR} or newer (https://kubernetes.io/docs/tasks/tools/) and put it on the PATH.`,
    });
  }
  return unpacked;
}

async function minor(command: string): Promise<number> {
  const text = await runProgram(command, ['version', '--client', '-o', 'json']);
  const { clientVersion } = JSON.parse(text) as { clientVersion: { minor: string } };
  return Number.parseInt(clientVersion.minor, 10);
}
