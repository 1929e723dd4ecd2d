import path from 'node:path';
import { rolldown } from 'rolldown';
import type { Plugin } from 'rolldown';
import { bundleRunner } from '#executor-image/image/bundle-runner';
import { packageOf } from './bundled-package.ts';
import type { BundledPackage } from './bundled-package.ts';

/** The checkout that is bundled. */
export const ROOT = path.dirname(import.meta.dirname);
/** Where all JavaScript of the command stands in a package. The plugin below counts on its depth. */
const LIB = 'lib';
/** Brings programs of its own for each platform, which no bundle can hold. */
const NATIVE = /^better-sqlite3(\/|$)/;
/** ssh2 tries to load such files of C++ code, and does without where they are absent. */
const OPTIONAL_CODE = /\.node$/;

export interface Bundle {
  files: { name: string; code: string }[];
  /** Packages of others whose code is in the files. */
  packages: BundledPackage[];
}

/**
 * The troupe command and the runner of sandboxes as JavaScript that needs no package but better-sqlite3. Node strips
 * types in no file below node_modules, so a package cannot carry TypeScript.
 */
export async function makeBundle(): Promise<Bundle> {
  await using bundle = await rolldown({
    input: { troupe: path.join(ROOT, 'cli/main.ts') },
    platform: 'node',
    cwd: ROOT,
    external: [NATIVE, OPTIONAL_CODE],
    plugins: [originalPlaces()],
  });
  const [{ output }, runner] = await Promise.all([
    bundle.generate({
      format: 'esm',
      entryFileNames: `${LIB}/[name].js`,
      chunkFileNames: `${LIB}/[name]-[hash].js`,
    }),
    bundleRunner(),
  ]);
  const sources = runner.flatMap((file) => file.sources);
  const files = runner.map(({ name, code }) => ({ name: `executor-image/${name}`, code }));
  for (const file of output) {
    if (file.type !== 'chunk') throw new Error(`${file.fileName}: the command must be code only`);
    files.push({ name: file.fileName, code: file.code });
    sources.push(...Object.keys(file.modules));
  }
  return { files, packages: await packagesOf(sources) };
}

/**
 * Modules look for their files (schemas, migrations) beside themselves. A package has these files in the same folders
 * as the checkout, so each module is told where it would be: `../api/schema` as seen from lib/.
 */
function originalPlaces(): Plugin {
  return {
    name: 'original-places',
    transform(code, id) {
      const file = path.relative(ROOT, id);
      if (!code.includes('import.meta.') || file.startsWith('..') || file.startsWith('node_modules')) return;
      const place = JSON.stringify(`/../${path.dirname(file)}`);
      return code
        .replaceAll('import.meta.dirname', `(import.meta.dirname + ${place})`)
        .replaceAll('import.meta.url', `new URL(${JSON.stringify(`../${file}`)}, import.meta.url).href`);
    },
  };
}

async function packagesOf(sources: readonly string[]): Promise<BundledPackage[]> {
  const found = new Map<string, BundledPackage>();
  for (const source of sources) {
    const one = await packageOf(source);
    if (one !== undefined) found.set(`${one.name}@${one.version}`, one);
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
