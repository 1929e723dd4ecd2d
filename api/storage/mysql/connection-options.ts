import type { ConnectionOptions } from 'mysql2/promise';
import { StorageError } from '../contract/storage-error.ts';

/** Milliseconds until an attempt to connect is given up. */
const CONNECT_TIMEOUT_MS = 3_000;
/** Less than a statement may take. */
const LOCK_WAIT_SECONDS = 5;
/** Milliseconds of silence after which a connection is tested; the system would wait two hours. */
const KEEP_ALIVE_MS = 10_000;

/**
 * Reads mysql://user:password@host:port/database, with `?ssl=true` for TLS with verified certificates. Parsed
 * here and not by the driver, whose error would repeat the URL and its password.
 */
export function connectionOptions(text: string): ConnectionOptions & { database: string } {
  const url = URL.parse(text);
  const [database, user, password] = [url?.pathname.slice(1), url?.username, url?.password].map(decode);
  if (url === null || url.hostname === '' || !database || user === undefined || password === undefined) {
    throw new StorageError(
      'Unavailable',
      'the database URL must be mysql://user:password@host:port/database, with what is special in a URL as %XX',
    );
  }
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    user,
    password,
    database,
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    charset: 'utf8mb4',
    // A transaction is two packets this way instead of one per statement. Values are escaped, see sql-text.ts.
    multipleStatements: true,
    // It would capture the stack at each statement, for errors that we know by their numbers.
    trace: false,
    // Keys and texts are binary columns that hold UTF-8.
    typeCast: (field, next) => {
      if (field.type !== 'VAR_STRING' && field.type !== 'BLOB' && field.type !== 'STRING') return next();
      return field.buffer()?.toString('utf8') ?? null;
    },
    ...(url.searchParams.get('ssl') === 'true' ? { ssl: {} } : {}),
  };
}

/** Undefined for a per cent sign that begins no %XX. */
function decode(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Sent first on every connection, so that nothing depends on how a server was set up. NO_BACKSLASH_ESCAPES must be off
 * and the character set UTF-8 for our escaping to hold; READ COMMITTED, so that what is read under the counter's lock
 * is the newest state; without autocommit a read would leave a transaction open. A lock is waited for less long than a
 * statement, so that what is told is what happened.
 */
export const sessionSql = (lockWaitSeconds = LOCK_WAIT_SECONDS): string =>
  "SET NAMES utf8mb4; SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', SESSION autocommit = 1," +
  ` SESSION innodb_lock_wait_timeout = ${lockWaitSeconds};` +
  ' SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED';
