import { glob, readFile } from 'node:fs/promises';
import { cacheFolder } from './environment/cache-folder.ts';
import { checkGenerated } from './generate.ts';
import { runCommand } from './run-command.ts';
import type { CommandResult } from './run-command.ts';
import { SOURCE_FOLDERS } from './source-folders.ts';

export interface Step {
  name: string;
  run: () => Promise<CommandResult>;
}

/** Writes the generated files again and puts them back: nobody may read sources meanwhile. */
export const generatedStep: Step = { name: 'generated files are current', run: () => checkGenerated() };

/** The checks that need no engine, cheapest first. Import rules are a test: test/architecture.test.ts. */
export const verifySteps: readonly Step[] = [
  { name: 'formatting (prettier)', run: format },
  { name: 'lint (oxlint)', run: lint },
  { name: 'types (tsc)', run: () => runCommand(['tsc', '--noEmit']) },
  { name: 'unused files, exports and packages (knip)', run: () => runCommand(['knip', '--no-config-hints']) },
  { name: 'suppressions give a reason', run: checkSuppressions },
];

function format(): Promise<CommandResult> {
  const cache = ['--cache', '--cache-strategy=content', `--cache-location=${cacheFolder('prettier')}`];
  return runCommand(['prettier', '--check', '--log-level=warn', ...cache, '.']);
}

function lint(): Promise<CommandResult> {
  return runCommand([
    'oxlint',
    '--type-aware',
    '--report-unused-disable-directives-severity=error',
    // Named one by one: given `.`, some tools would follow links out of it.
    ...SOURCE_FOLDERS,
    'vitest.config.ts',
  ]);
}

const SUPPRESSION = /(oxlint|eslint)-disable|@ts-expect-error|prettier-ignore|(c8|v8|istanbul) ignore/;
const FORBIDDEN = /@ts-(ignore|nocheck)|\b(describe|it|test)[.](only|skip|todo)\b|retry:\s*[1-9]/;

async function checkSuppressions(): Promise<CommandResult> {
  const found: string[] = [];
  for await (const file of glob(SOURCE_FOLDERS.map((folder) => `${folder}/**/*.ts`))) {
    // These files have to spell out what is looked for.
    if (file.startsWith('dev/verify-steps.')) continue;
    const lines = (await readFile(file, 'utf8')).split('\n');
    for (const [index, line] of lines.entries()) {
      const problem = suppressionProblem(line);
      if (problem !== undefined) found.push(`${file}:${index + 1}: ${problem}: ${line.trim()}`);
    }
  }
  return { ok: found.length === 0, output: found.join('\n') };
}

/** What is wrong with the line, if it turns a check off: `-- reason` has to say why. */
export function suppressionProblem(line: string): string | undefined {
  if (FORBIDDEN.test(line)) return 'not allowed';
  return SUPPRESSION.test(line) && !/ -- \S+/.test(line) ? 'needs "-- reason"' : undefined;
}
