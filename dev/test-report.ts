import path from 'node:path';

/** The output of vitest's JSON reporter, as far as it is read here. */
export interface VitestReport {
  testResults: FileResult[];
}

export interface FileResult {
  name: string;
  status: 'passed' | 'failed';
  /** Why the file failed outside its tests. */
  message?: string;
  startTime: number;
  endTime: number;
  assertionResults: { status: string; fullName: string; failureMessages?: string[] | null }[];
}

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** One text for each failure: where, what, and the message. */
  failures: string[];
}

export const emptyTally = (): Tally => ({ passed: 0, failed: 0, skipped: 0, failures: [] });

export function sum(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  };
}

/** "N passed, N failed", and how many were skipped when some were. */
export function lastLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

/** A file that took longer than this is named. */
const SLOW_MS = 10_000;

/** Files that took long, longest first. */
export function slowFiles({ testResults }: VitestReport, root: string): string[] {
  return testResults
    .map(({ name, startTime, endTime }) => ({ file: path.relative(root, name), ms: endTime - startTime }))
    .filter(({ ms }) => ms > SLOW_MS)
    .toSorted((a, b) => b.ms - a.ms)
    .map(({ file, ms }) => `slow: ${file} (${(ms / 1000).toFixed(1)} s)`);
}

/**
 * Counts the tests of a file. One that did not run counts as failed, and so does a file that failed outside its tests;
 * `maySkip` says that its tests may be skipped.
 */
export function tallyOf(result: FileResult, { root, maySkip }: { root: string; maySkip: boolean }): Tally {
  const file = path.relative(root, result.name);
  const tally = emptyTally();
  for (const { status, fullName, failureMessages } of result.assertionResults) {
    if (status === 'passed') tally.passed += 1;
    else if (maySkip && status === 'skipped') tally.skipped += 1;
    else tally.failures.push([`${file}: ${fullName}: ${status}`, ...(failureMessages ?? [])].join('\n'));
  }
  if (result.status === 'failed' && tally.failures.length === 0)
    tally.failures.push(`${file}: failed outside its tests\n${result.message ?? ''}`);
  return { ...tally, failed: tally.failures.length };
}
