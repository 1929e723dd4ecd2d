import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import manifest from '../package.json' with { type: 'json' };
import { billOfMaterials } from './bill-of-materials.ts';
import { makeBundle, ROOT } from './bundle.ts';
import { noticesOf, readPackage } from './bundled-package.ts';

const DEFAULT_FOLDER = path.join(ROOT, '.cache/release/package');

/** Read while the command runs, or by people. They stand where they stand in the checkout. */
const FILES = [
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'bin/troupe',
  'crds',
  'api/schema/builtin',
  'api/storage/mysql/migrations',
  'api/storage/sqlite/migrations',
];
/** Programs of agents for those who run them without Docker: half a gigabyte each, so people choose. */
const AGENTS = ['@anthropic-ai/claude-code', '@openai/codex'] as const;

const call = promisify(execFile);

/** Writes the npm package to a folder, which it empties first. `npm pack` there makes the tarball. */
export async function makePackage(folder: string): Promise<void> {
  const { files, packages } = await makeBundle();
  const native = await readPackage(path.join(ROOT, 'node_modules/better-sqlite3'));
  await rm(folder, { recursive: true, force: true });
  for (const name of FILES) await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  const texts = [
    ...files,
    { name: 'lib/main.js', code: await readFile(path.join(import.meta.dirname, 'main.js'), 'utf8') },
    { name: 'package.json', code: `${JSON.stringify(packageManifest(), null, 2)}\n` },
    { name: 'THIRD-PARTY-NOTICES', code: await noticesOf(packages) },
    { name: 'sbom.cdx.json', code: await billOfMaterials(ROOT, [...packages, native]) },
  ];
  for (const { name, code } of texts) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, code);
  }
}

function packageManifest() {
  const { name, version, description, license, type, bin, engines } = manifest;
  const { dependencies, optionalDependencies } = manifest;
  return {
    ...{ name, version, description, license, type, bin, engines },
    os: ['linux', 'darwin'],
    dependencies: { 'better-sqlite3': dependencies['better-sqlite3'] },
    optionalDependencies,
    peerDependencies: Object.fromEntries(AGENTS.map((agent) => [agent, dependencies[agent]])),
    peerDependenciesMeta: Object.fromEntries(AGENTS.map((agent) => [agent, { optional: true }])),
  };
}

/** Packs what makePackage has written. Returns the tarball, which stands beside the folder. */
export async function packPackage(folder: string): Promise<string> {
  const { stdout } = await call('npm', ['pack', '--silent', '--pack-destination', path.dirname(folder)], {
    cwd: folder,
  });
  return path.join(path.dirname(folder), stdout.trim());
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { to: { type: 'string', default: DEFAULT_FOLDER }, pack: { type: 'boolean', default: false } },
  });
  const folder = path.resolve(values.to);
  try {
    await makePackage(folder);
    process.stdout.write(`${values.pack ? await packPackage(folder) : folder}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
