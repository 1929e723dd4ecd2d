import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { findProgram, runProgram } from './program.ts';

const POLICY = '/usr/sbin/policy-rc.d';
let listsUpdated = false;
/** apt takes one installation at a time; those that are asked for meanwhile wait for it. */
let last: Promise<unknown> = Promise.resolve();

export interface PackageOptions {
  /** What the packages are for, as in "to run MySQL tests". */
  purpose: string;
  /** What a person can do who cannot or will not let us install packages. */
  otherwise: string;
}

/**
 * Installs Debian packages, saying so. No service of theirs is started.
 * Throws, saying what is missing and how to get it, when we are not root on a Debian system.
 */
export async function installPackages(names: readonly string[], options: PackageOptions): Promise<void> {
  const installation = last.then(() => install(names, options));
  last = installation.catch(() => undefined);
  await installation;
}

async function install(names: readonly string[], options: PackageOptions): Promise<void> {
  const aptGet = await findProgram('apt-get');
  if (aptGet === undefined || process.getuid?.() !== 0) {
    const how =
      aptGet === undefined ? '' : ` Install it with \`sudo apt-get install ${names.join(' ')}\`, or`;
    throw new Error(`${names.join(', ')} is missing ${options.purpose}.${how} ${options.otherwise}`);
  }
  console.log(`installing the Debian packages ${names.join(', ')} ${options.purpose}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' };
  const lock = ['-o', 'DPkg::Lock::Timeout=300'];
  if (!listsUpdated) {
    await runProgram(aptGet, [...lock, 'update'], { env });
    listsUpdated = true;
  }
  await withoutServices(() =>
    runProgram(aptGet, [...lock, 'install', '--yes', '--no-install-recommends', ...names], { env }),
  );
}

/** invoke-rc.d asks this file whether a package may start its service; 101 is no. */
async function withoutServices(work: () => Promise<unknown>): Promise<void> {
  const ours = !existsSync(POLICY);
  if (ours) await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    if (ours) await rm(POLICY);
  }
}
