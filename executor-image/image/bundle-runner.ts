import path from 'node:path';
import { rolldown } from 'rolldown';

export interface BundledFile {
  /** Relative to the folder of the runner: /opt/troupe of the image. */
  name: string;
  code: string;
  /** The files that it was made of. */
  sources: readonly string[];
}

const FOLDER = path.dirname(import.meta.dirname);

/**
 * The runner and all it imports: runner.cjs, and beside it what it loads when a run needs it, since reading it would
 * keep the runner from being ready. CommonJS: node starts it some milliseconds sooner.
 */
export async function bundleRunner(): Promise<BundledFile[]> {
  await using bundle = await rolldown({
    input: path.join(FOLDER, 'runner.ts'),
    platform: 'node',
    cwd: path.dirname(FOLDER),
  });
  const { output } = await bundle.generate({
    format: 'cjs',
    entryFileNames: 'runner.cjs',
    chunkFileNames: 'runner/[name].cjs',
  });
  return output.map((file) => {
    if (file.type !== 'chunk') throw new Error(`${file.fileName}: the runner must be code only`);
    return { name: file.fileName, code: file.code, sources: Object.keys(file.modules) };
  });
}
