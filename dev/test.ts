import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { cacheFolder, projectRoot } from './environment/cache-folder.ts';
import { environment } from './environment/environment.ts';
import type { Environment } from './environment/environment.ts';
import { WITHOUT_GO_VARIABLE } from './environment/go/go-builds.ts';
import { WITHOUT_CLUSTER_VARIABLE } from './environment/kubernetes/shared-cluster.ts';
import { temporaryFolder } from './environment/temporary-folder.ts';
import { interruption } from './interruption.ts';
import { runCommand } from './run-command.ts';
import { emptyTally, lastLine, slowFiles, sum, tallyOf } from './test-report.ts';
import type { Tally, VitestReport } from './test-report.ts';
import { generatedStep, verifySteps } from './verify-steps.ts';
import type { Step } from './verify-steps.ts';

/**
 * `make test` runs every check and every test; `make verify` (--fast) the checks and the unit tests.
 * The last line is "N passed, N failed": each check counts as one, and so does each test. Only tests that need Go are
 * skipped where it is missing, and those on a real Kubernetes where none can start; then the line ends in ", N skipped". With
 * --complete, as CI has it, that is a failure.
 */

const SLOW_MS = 10_000;
const EVERYTHING = [
  'git',
  'kubectl',
  'redis',
  'mariadb',
  'mysql',
  'docker',
  'image',
  'go',
  'cluster',
] as const;
const fast = process.argv.includes('--fast');
const complete = process.argv.includes('--complete');
const interrupted = interruption();
process.chdir(projectRoot);
process.exitCode = await main();

async function main(): Promise<number> {
  let tally = emptyTally();
  try {
    tally = sum(tally, await runStep(generatedStep));
    // Side by side: some of them use one core only.
    for (const checked of await Promise.all(verifySteps.map(runStep))) tally = sum(tally, checked);
    tally = sum(tally, await runTests());
  } catch (error) {
    tally = sum(tally, failure(error instanceof Error ? error.message : String(error)));
  }
  if (complete && tally.skipped > 0)
    tally = sum(tally, failure(`${tally.skipped} tests were skipped: see above what this machine lacks`));
  const summary = lastLine(tally);
  await mkdir(cacheFolder('test'), { recursive: true });
  await writeFile(cacheFolder('test', 'summary'), `${summary}\n`);
  for (const text of tally.failures) console.log(`\nFAIL ${text}`);
  if (tally.failures.length > 0) console.log('');
  console.log(summary);
  return tally.failed === 0 ? 0 : 1;
}

function failure(text: string): Tally {
  return { ...emptyTally(), failed: 1, failures: [text] };
}

async function runStep(step: Step): Promise<Tally> {
  interrupted.throwIfAborted();
  const start = performance.now();
  const { ok, output } = await step.run();
  report(ok, step.name, performance.now() - start);
  return ok ? { ...emptyTally(), passed: 1 } : failure(`${step.name}\n${output.trimEnd()}`);
}

function report(ok: boolean, name: string, ms: number): void {
  const slow = ms > SLOW_MS ? ', slow' : '';
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${(ms / 1000).toFixed(1)} s${slow})`);
}

async function runTests(): Promise<Tally> {
  if (fast) return vitest(['--project', 'unit'], {});
  const start = performance.now();
  await using provided: Environment = await environment(EVERYTHING);
  report(
    true,
    'Docker, the image of the sandboxes, MariaDB, MySQL, Redis and kubectl are there',
    performance.now() - start,
  );
  await provided.go?.prepare();
  // Awaited here: a promise that is only handed on would outlive the engines.
  return await vitest([], provided.variables);
}

async function vitest(args: readonly string[], variables: Record<string, string>): Promise<Tally> {
  interrupted.throwIfAborted();
  const file = cacheFolder('test', 'vitest.json');
  await rm(file, { force: true });
  const start = performance.now();
  // A test that is killed cannot remove its temporary folders; all of them are in this one.
  await using temporary = await temporaryFolder('test');
  // Agents that run as another user may go through it to what a test has made for them.
  await chmod(temporary.path, 0o711);
  const { ok } = await runCommand(
    ['vitest', 'run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    { env: { ...process.env, ...variables, TMPDIR: temporary.path }, live: true, signal: interrupted },
  );
  interrupted.throwIfAborted();
  const written = JSON.parse(await readFile(file, 'utf8')) as VitestReport;
  const tally = await count(written, variables);
  for (const line of slowFiles(written, projectRoot)) console.log(line);
  report(ok && tally.failed === 0, 'tests (vitest)', performance.now() - start);
  // An unhandled rejection or a failed set-up fails the run without failing a test.
  return ok || tally.failed > 0 ? tally : sum(tally, failure('vitest failed outside the tests: see above'));
}

/** Tests of a file that uses a Go program may be skipped without Go, those of one that uses the cluster without it. */
async function count(result: VitestReport, variables: Record<string, string>): Promise<Tally> {
  let tally = emptyTally();
  for (const file of result.testResults) {
    const text = await readFile(file.name, 'utf8');
    const maySkip =
      (WITHOUT_GO_VARIABLE in variables && text.includes('goProgram(')) ||
      (WITHOUT_CLUSTER_VARIABLE in variables && text.includes('testCluster('));
    tally = sum(tally, tallyOf(file, { root: projectRoot, maySkip }));
  }
  return tally;
}
