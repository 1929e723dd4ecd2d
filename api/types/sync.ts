import type { Sync } from './generated/sync.ts';

/** Conditions that kstatus knows beside Ready (sigs.k8s.io/cli-utils, pkg/kstatus); they are there only while they are true. */
export const RECONCILING = 'Reconciling';
export const STALLED = 'Stalled';

/** Reasons of the conditions of a Sync. Those of Flux's Kustomization where it has them. */
export const SyncReason = {
  /** Ready=True: the revision is applied, and all is ready where the Sync waits for that. */
  Applied: 'ReconciliationSucceeded',
  /** Ready=Unknown, Reconciling=True: a round is under way. */
  Progressing: 'Progressing',
  /** Reconciling=True: the round failed, and the next one may do better. */
  ProgressingWithRetry: 'ProgressingWithRetry',
  /** Ready=False: `suspend` is set, and nothing was applied yet. */
  Suspended: 'Suspended',
  /** Ready=False: the spec makes no sense. */
  InvalidSource: 'InvalidSource',
  /** Ready=False: there is no such Secret, or it has no fitting key. */
  SecretNotFound: 'SecretNotFound',
  /** Ready=False: nobody works on it, since it names no ServiceAccount. */
  NoServiceAccount: 'NoServiceAccount',
  /** Ready=False: git did not get the revision. */
  FetchFailed: 'FetchFailed',
  /** Ready=False: the repository has no such folder, or what is in it are no manifests. */
  BuildFailed: 'BuildFailed',
  /** Ready=False: the server refuses an object. Nothing was applied. */
  ValidationFailed: 'ValidationFailed',
  /** Ready=False: others own fields that the repository sets. Nothing was applied. */
  Conflict: 'Conflict',
  /** Ready=False: an object could not be applied although it was valid. */
  ApplyFailed: 'ReconciliationFailed',
  /** Ready=False: an object that is no longer in the repository could not be deleted. */
  PruneFailed: 'PruneFailed',
  /** Ready=False: the objects did not become ready in time, or one failed. */
  HealthCheckFailed: 'HealthCheckFailed',
} as const;

export type SyncFailureReason = Exclude<
  (typeof SyncReason)[keyof typeof SyncReason],
  'ReconciliationSucceeded' | 'Progressing' | 'ProgressingWithRetry'
>;

/** Key of the Secret that `spec.webhook` names. */
export const WEBHOOK_TOKEN_KEY = 'token';

/** As in the spec of a Sync, with what counts when a field is absent. */
export const SYNC_DEFAULTS = { intervalSeconds: 60, timeoutSeconds: 300 } as const;

/** Milliseconds between two rounds. */
export const syncIntervalMs = ({ spec }: Sync): number =>
  (spec.intervalSeconds ?? SYNC_DEFAULTS.intervalSeconds) * 1000;
