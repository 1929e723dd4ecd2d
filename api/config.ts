import { listAllowedAddresses } from '#guarded-client/allowed-addresses';
import type { AuthenticationSettings } from './authentication/settings.ts';
import type { KeyMaterial } from './key-material.ts';
import type { AuditOptions } from './audit-options.ts';
import type { RetentionRules } from './registry/retention/rules.ts';
import type { ServiceAccountOptions } from './service-account-options.ts';
import type { ServerLimits } from './server/limits/limits.ts';
import type { Rates } from './server/limits/rates/rates.ts';
import type { CompactionRules } from './storage/compaction/compaction-goal.ts';
import { DEFAULT_STORE_OPTIONS } from './storage/store-options.ts';

/** What operators may set with flags; absent: the default. */
export type ApiLimits = Partial<
  Pick<ServerLimits, 'longRunningPerUser' | 'perUser' | 'reads' | 'requestMs' | 'writes'>
>;

/** How often clients may ask, by the sort of request; absent: the default. */
export type ApiRates = Partial<Rates>;

/** Who is told what people and programs did, as operators may set it. */
export type ApiAudit = AuditOptions;

/** How much history watches and lists may ask for, as operators may set it. */
export type ApiHistory = Partial<Pick<CompactionRules, 'maxRevisions' | 'minRevisions' | 'windowMs'>>;

/** How long what is not needed any more is kept, as operators may set it. */
export type ApiRetention = Partial<RetentionRules>;

/** Ways to log in beside the token of the data folder, as operators may turn them on. */
export type ApiAuthentication = AuthenticationSettings;

/** The settings of tokens of ServiceAccounts that operators give. */
export type ApiServiceAccounts = ServiceAccountOptions;

/** Files in place of those in the data folder, as operators name them. */
export type ApiKeyMaterial = KeyMaterial;

/** @throws Error, for a person, where the numbers contradict each other */
export function checkHistory(history: ApiHistory): void {
  const { minRevisions, maxRevisions } = { ...DEFAULT_STORE_OPTIONS.compaction, ...history };
  if (minRevisions <= maxRevisions) return;
  throw new Error(
    `at least ${minRevisions} revisions of history (--history-min-revisions) are more than ` +
      `at most ${maxRevisions} (--history-max-revisions)`,
  );
}

/** What the environment says about the API server. */
export interface ApiConfig {
  /** Server for mails about passwords; it may hold a password. */
  smtp?: { url: string; from: string };
  /** `sqlite:PATH` or `mysql://…`; absent: a file in the data folder. It may hold a password. */
  databaseURL?: string;
  /** Connections to a MySQL database at most, of each process. */
  databaseConnections?: number;
  /** Hints between replicas that share a MySQL database. */
  redisURL?: string;
  /** Kinds to encrypt, in place of the usual ones. */
  encrypt?: readonly string[];
  /** Addresses named by users or their providers that the server may call beside public ones. */
  allowedAddresses?: readonly string[];
  /** File of the root keys, in place of the one in the data folder. */
  rootKeyFile?: string;
}

/** Fewer could not commit and read at the same time. */
const FEWEST_CONNECTIONS = 2;
const MOST_CONNECTIONS = 1_000;

/** An empty variable counts as none. @throws Error, for a person, where a value makes no sense */
export function readApiConfig(environment: Readonly<Record<string, string | undefined>>): ApiConfig {
  const databaseURL = environment['TROUPE_DATABASE_URL'] ?? '';
  const redisURL = environment['TROUPE_REDIS_URL'] ?? '';
  const encrypt = environment['TROUPE_ENCRYPT'] ?? '';
  const allowed = environment['TROUPE_ALLOWED_ADDRESSES'] ?? '';
  const rootKeyFile = environment['TROUPE_ENCRYPTION_KEYS'] ?? '';
  const connections = environment['TROUPE_DATABASE_CONNECTIONS'] ?? '';
  const smtp = readSmtp(environment);
  return {
    ...(databaseURL === '' ? {} : { databaseURL }),
    ...(connections === '' ? {} : { databaseConnections: readConnections(connections) }),
    ...(redisURL === '' ? {} : { redisURL }),
    ...(smtp === undefined ? {} : { smtp }),
    ...(encrypt === '' ? {} : { encrypt: encrypt.split(',').map((name) => name.trim()) }),
    ...(allowed === '' ? {} : { allowedAddresses: readAddresses(allowed) }),
    ...(rootKeyFile === '' ? {} : { rootKeyFile }),
  };
}

function readAddresses(text: string): string[] {
  try {
    return listAllowedAddresses(text);
  } catch (error) {
    throw new Error(`TROUPE_ALLOWED_ADDRESSES: ${(error as Error).message}`, { cause: error });
  }
}

function readSmtp(environment: Readonly<Record<string, string | undefined>>): ApiConfig['smtp'] {
  const url = environment['TROUPE_SMTP_URL'] ?? '';
  const from = environment['TROUPE_SMTP_FROM'] ?? '';
  if (url === '') return undefined;
  if (from === '')
    throw new Error('TROUPE_SMTP_URL needs TROUPE_SMTP_FROM, the address that mails come from');
  return { url, from };
}

function readConnections(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= FEWEST_CONNECTIONS && count <= MOST_CONNECTIONS) return count;
  throw new Error(
    `TROUPE_DATABASE_CONNECTIONS must be a whole number from ${FEWEST_CONNECTIONS} to ${MOST_CONNECTIONS}, ` +
      `not ${JSON.stringify(text.slice(0, 100))}`,
  );
}
