import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { RunFailure } from '../../run-failure.ts';

/** Where the image has it; the program that runs code of newer models stands beside it. */
const IN_IMAGE = '/opt/troupe/codex/bin/codex';

const TARGETS: Readonly<Record<string, string>> = {
  x64: 'x86_64-unknown-linux-musl',
  arm64: 'aarch64-unknown-linux-musl',
};

/** Path of the program: the image's, else (a runner on a developer's machine) that of node_modules. Throws RunFailure. */
export function codexProgram(): string {
  if (existsSync(IN_IMAGE)) return IN_IMAGE;
  const name = `@openai/codex-${process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return path.join(path.dirname(manifest), 'vendor', TARGETS[process.arch] ?? '', 'bin', 'codex');
  } catch (error) {
    throw new RunFailure(
      'StartFailed',
      `the Codex program is not here: no ${IN_IMAGE}, no ${name} (npm install @openai/codex)`,
      error,
    );
  }
}
