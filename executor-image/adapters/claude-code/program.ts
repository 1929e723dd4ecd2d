import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { RunFailure } from '../../run-failure.ts';

/** Where the image has it. */
const IN_IMAGE = '/opt/troupe/claude';

/** Path of the program: the image's, else (a runner on a developer's machine) that of node_modules. Throws RunFailure. */
export function claudeProgram(): string {
  if (existsSync(IN_IMAGE)) return IN_IMAGE;
  const name = `@anthropic-ai/claude-code-${process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return path.join(path.dirname(manifest), 'claude');
  } catch (error) {
    throw new RunFailure(
      'StartFailed',
      `the Claude Code program is not here: no ${IN_IMAGE}, no ${name} (npm install @anthropic-ai/claude-code)`,
      error,
    );
  }
}
