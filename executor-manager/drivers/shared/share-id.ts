import { randomBytes } from 'node:crypto';

/**
 * A share is one run in a shared runner. Its id says which: `share-RUNNER-RUN`, RUNNER being eight hex digits and RUN
 * the id of the run. So a manager that is started again knows the shares by the runs that its runners hold.
 */
const SHARE = /^share-([0-9a-f]{8})-(.+)$/;

/** The id of a new shared runner. */
export function newRunnerID(): string {
  return randomBytes(4).toString('hex');
}

export function isRunnerID(text: string): boolean {
  return /^[0-9a-f]{8}$/.test(text);
}

export function shareID(runnerID: string, runID: string): string {
  return `share-${runnerID}-${runID}`;
}

/** Undefined for the id of a runtime that is no share. */
export function readShareID(id: string): { runnerID: string; runID: string } | undefined {
  const [, runnerID, runID] = SHARE.exec(id) ?? [];
  return runnerID === undefined || runID === undefined ? undefined : { runnerID, runID };
}
