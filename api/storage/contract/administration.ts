import type { StorageError } from './storage-error.ts';

export interface StoreHealth {
  /** Why the database cannot be used, as it was when it was last looked at. */
  database: StorageError | undefined;
  /** Whether hints of other replicas arrive; `unused` without Redis. */
  hints: 'away' | 'ok' | 'unused';
}

/** The part of a store for operators and their probes. */
export interface Administration {
  /** Resolves when a write and a read work, else throws StorageError Unavailable or Full; for /readyz. */
  check(): Promise<void>;
  /** The state that is known without asking anybody, for health checks that must answer at once. */
  health(): StoreHealth;
  /**
   * Resolves, with the cause, when the store had to stop by itself because the log of the database has a gap: serving
   * on would hide a lost revision. Its process is to end then: a new start reads everything again.
   */
  readonly stopped: Promise<StorageError>;
  /** Drops history that nobody may still ask for; also runs by itself. Returns the compacted revision. */
  compact(): Promise<number>;
  /**
   * The bytes of a backup of everything at one revision, as `troupe restore` takes it; requests go on meanwhile. The
   * state is that of some moment after the first bytes are asked for. Throws if the database fails; the bytes before
   * are recognisably incomplete.
   */
  backup(signal: AbortSignal): AsyncIterable<Uint8Array>;
  readonly encryption: EncryptionAdministration;
}

export interface EncryptionStatus {
  resources: string[];
  rootKeySource: string;
  /** In the order of their source: the first one wraps. `dataKeys`: how many it wraps. */
  rootKeys: { id: string; dataKeys: number }[];
  /** The newest one first. `createdAt`: milliseconds since the epoch. `rows`: texts under it. */
  dataKeys: { id: string; rootKeyId: string; createdAt: number; rows: number }[];
  /** Texts of the chosen kinds that are still plain. */
  plainRows: number;
  /** Of this replica. */
  rewriting: { running: boolean; rewritten: number; failure?: string };
}

/** The part of a store for operators of the keys of encryption at rest (docs/adr/0015-encryption-at-rest.md). */
export interface EncryptionAdministration {
  /** Makes a new data key, and a new root key if asked to; then everything is encrypted again in the background. */
  rotate(options: { newRoot: boolean }): Promise<{ dataKey: string; rootKey: string }>;
  /** Goes over the whole database. */
  status(): Promise<EncryptionStatus>;
}
