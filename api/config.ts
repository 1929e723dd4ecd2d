import type { ServerLimits } from './server/limits.ts';

/** What operators may set with flags; absent: the default. */
export type ApiLimits = Partial<
  Pick<ServerLimits, 'longRunningPerUser' | 'perUser' | 'reads' | 'requestMs' | 'writes'>
>;

/** What the environment says about the API server. */
export interface ApiConfig {
  /** `sqlite:PATH` or `mysql://…`; absent: a file in the data folder. It may hold a password. */
  databaseURL?: string;
  /** Hints between replicas that share a MySQL database. */
  redisURL?: string;
}

/** An empty variable counts as none. */
export function readApiConfig(environment: Readonly<Record<string, string | undefined>>): ApiConfig {
  const databaseURL = environment['TROUPE_DATABASE_URL'] ?? '';
  const redisURL = environment['TROUPE_REDIS_URL'] ?? '';
  return { ...(databaseURL === '' ? {} : { databaseURL }), ...(redisURL === '' ? {} : { redisURL }) };
}
