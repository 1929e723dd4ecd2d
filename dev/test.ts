import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder, projectRoot } from './environment/cache-folder.ts';
import { environment } from './environment/environment.ts';
import type { Environment } from './environment/environment.ts';
import { go, GO_IS_MISSING } from './environment/go.ts';
import { temporaryFolder } from './environment/temporary-folder.ts';
import { interruption } from './interruption.ts';
import { runCommand } from './run-command.ts';
import { verifySteps } from './verify-steps.ts';
import type { Step } from './verify-steps.ts';

/**
 * `make test` runs every check and every test; `make verify` (--fast) the checks and the unit tests.
 * The last line is "N passed, N failed": each check counts as one, and so does each test. Only tests that need Go are
 * skipped where it is missing; then the line ends in ", N skipped".
 */

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const SLOW_MS = 10_000;
const fast = process.argv.includes('--fast');
const interrupted = interruption();
process.chdir(projectRoot);
process.exitCode = await main();

async function main(): Promise<number> {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  try {
    for (const step of verifySteps) await runStep(step, tally);
    await runTests(tally);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    tally.failed += 1;
  }
  const skipped = tally.skipped === 0 ? '' : `, ${tally.skipped} skipped`;
  const summary = `${tally.passed} passed, ${tally.failed} failed${skipped}`;
  await mkdir(cacheFolder('test'), { recursive: true });
  await writeFile(cacheFolder('test', 'summary'), `${summary}\n`);
  console.log(summary);
  return tally.failed === 0 ? 0 : 1;
}

async function runStep(step: Step, tally: Tally): Promise<void> {
  interrupted.throwIfAborted();
  const start = performance.now();
  const { ok, output } = await step.run();
  report(ok, step.name, performance.now() - start);
  if (ok) tally.passed += 1;
  else tally.failed += 1;
  if (!ok) console.log(output.trimEnd());
}

function report(ok: boolean, name: string, ms: number): void {
  const slow = ms > SLOW_MS ? ', slow' : '';
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${(ms / 1000).toFixed(1)} s${slow})`);
}

async function runTests(tally: Tally): Promise<void> {
  if (fast) {
    await vitest(['--project', 'unit'], {}, tally);
    return;
  }
  const start = performance.now();
  await using provided: Environment = await environment([
    'git',
    'kubectl',
    'redis',
    'mariadb',
    'mysql',
    'docker',
    'image',
  ]);
  report(
    true,
    'Docker, the image of the sandboxes, MariaDB, MySQL, Redis and kubectl are there',
    performance.now() - start,
  );
  const hasGo = (await go()) !== undefined;
  if (!hasGo) console.log(GO_IS_MISSING);
  await vitest([], { ...provided.variables, ...(!hasGo && { TROUPE_WITHOUT_GO: 'true' }) }, tally);
}

async function vitest(
  args: readonly string[],
  variables: Record<string, string>,
  tally: Tally,
): Promise<void> {
  interrupted.throwIfAborted();
  const file = cacheFolder('test', 'vitest.json');
  await rm(file, { force: true });
  const start = performance.now();
  // A test that is killed cannot remove its temporary folders; all of them are in this one.
  await using temporary = await temporaryFolder('test');
  const { ok } = await runCommand(
    ['vitest', 'run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    { env: { ...process.env, ...variables, TMPDIR: temporary.path }, live: true, signal: interrupted },
  );
  interrupted.throwIfAborted();
  const written = JSON.parse(await readFile(file, 'utf8')) as VitestReport;
  const counted = await count(written, 'TROUPE_WITHOUT_GO' in variables);
  // An unhandled rejection or a failed set-up fails the run without failing a test.
  if (!ok && counted.failed === 0) counted.failed = 1;
  report(ok && counted.failed === 0, 'tests (vitest)', performance.now() - start);
  tally.passed += counted.passed;
  tally.failed += counted.failed;
  tally.skipped += counted.skipped;
}

interface VitestReport {
  testResults: {
    name: string;
    status: 'passed' | 'failed';
    startTime: number;
    endTime: number;
    assertionResults: { status: string; fullName: string }[];
  }[];
}

/**
 * A test that did not run counts as failed, and so does a file that failed outside its tests. Tests of a file that
 * builds a Go program may be skipped without Go.
 */
async function count(result: VitestReport, withoutGo: boolean): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const file of result.testResults) {
    const maySkip = withoutGo && (await readFile(file.name, 'utf8')).includes('goProgram(');
    const skipped = file.assertionResults.filter(({ status }) => maySkip && status === 'skipped');
    const failed = file.assertionResults.filter(
      (test) => test.status !== 'passed' && !skipped.includes(test),
    );
    for (const { status, fullName } of failed) console.log(`${status}: ${fullName}`);
    tally.passed += file.assertionResults.length - failed.length - skipped.length;
    tally.failed += failed.length;
    tally.skipped += skipped.length;
    if (file.status === 'failed' && failed.length === 0) tally.failed += 1;
    const ms = file.endTime - file.startTime;
    if (ms > SLOW_MS)
      console.log(`slow: ${path.relative(projectRoot, file.name)} (${(ms / 1000).toFixed(1)} s)`);
  }
  return tally;
}
