import type { SyncFailureReason } from '#api/types/sync';

/** Why a round ended without its objects being as the repository has them. The message is for people, without secrets. */
export class SyncFailure extends Error {
  readonly reason: SyncFailureReason;
  /** Only a change of the Sync or of the repository can mend it: it is no use to try the same again. */
  readonly isFinal: boolean;

  constructor(
    reason: SyncFailureReason,
    message: string,
    { isFinal = false, cause }: { isFinal?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = 'SyncFailure';
    this.reason = reason;
    this.isFinal = isFinal;
  }
}

const MOST_SHOWN = 10;

/** Several faults as one message, the first ten of them. */
export function listed(problems: readonly string[]): string {
  const more = problems.length - MOST_SHOWN;
  const shown = problems.slice(0, MOST_SHOWN).join('; ');
  return more > 0 ? `${shown}; and ${more} more` : shown;
}
