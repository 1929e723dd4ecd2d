import { gitFailure } from '#git-program/git-failure';
import type { GitFacts } from '#git-program/git-failure';
import { RunFailure } from '../../run-failure.ts';

/** Why a clone failed; `stderr` must be free of the credential. */
export const cloneFailure = (stderr: string, facts: GitFacts): RunFailure =>
  new RunFailure('CloneFailed', gitFailure(stderr, facts));
