import { StorageError } from '../contract/storage-error.ts';
import type { StorageErrorCode } from '../contract/storage-error.ts';

/** Server error numbers that say something to a caller. */
const NUMBERS = new Map<number, StorageErrorCode>([
  [1020, 'Unavailable'], // ER_CHECKREAD, after the retry
  [1021, 'Full'], // ER_DISK_FULL
  [1026, 'Full'], // ER_ERROR_ON_WRITE
  [1114, 'Full'], // ER_RECORD_FILE_FULL
  [1878, 'Full'], // ER_TEMP_FILE_WRITE_FAILURE
  [1153, 'TooLarge'], // ER_NET_PACKET_TOO_LARGE
  [1406, 'TooLarge'], // ER_DATA_TOO_LONG
  [1040, 'Unavailable'], // ER_CON_COUNT_ERROR
  [1044, 'Unavailable'], // ER_DBACCESS_DENIED_ERROR
  [1045, 'Unavailable'], // ER_ACCESS_DENIED_ERROR
  [1049, 'Unavailable'], // ER_BAD_DB_ERROR
  [1053, 'Unavailable'], // ER_SERVER_SHUTDOWN
  [1180, 'OutcomeUnknown'], // ER_ERROR_DURING_COMMIT
  [1203, 'Unavailable'], // ER_TOO_MANY_USER_CONNECTIONS
  [1205, 'Unavailable'], // ER_LOCK_WAIT_TIMEOUT, after the retry
  [1213, 'Unavailable'], // ER_LOCK_DEADLOCK, after the retry
  [1226, 'Unavailable'], // ER_USER_LIMIT_REACHED
  [1290, 'Unavailable'], // ER_OPTION_PREVENTS_STATEMENT: read-only
  [1317, 'Unavailable'], // ER_QUERY_INTERRUPTED
  [1792, 'Unavailable'], // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  [1836, 'Unavailable'], // ER_READ_ONLY_MODE
  [1874, 'Unavailable'], // ER_INNODB_READ_ONLY
  [1927, 'Unavailable'], // ER_CONNECTION_KILLED of MariaDB
  [1969, 'Unavailable'], // ER_STATEMENT_TIMEOUT of MariaDB
  [3024, 'Unavailable'], // ER_QUERY_TIMEOUT
  [3032, 'Unavailable'], // ER_SERVER_OFFLINE_MODE
  [3100, 'OutcomeUnknown'], // ER_RUN_HOOK_ERROR: replication was in the way of a commit
  [3169, 'Unavailable'], // ER_SESSION_WAS_KILLED
  [4031, 'Unavailable'], // ER_CLIENT_INTERACTION_TIMEOUT: MySQL ended an idle connection
]);

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'HANDSHAKE_NO_SSL_SUPPORT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
]);

const TEXTS: Partial<Record<StorageErrorCode, string>> = {
  Full: 'no space left for the database',
  TooLarge: 'the object is larger than the database takes',
  OutcomeUnknown: 'the database does not say whether the write happened',
  Unavailable: 'the database cannot be reached or refuses for now',
};

/** A StorageError for what the server or the connection threw; anything else comes back as it is. */
export function translateMysqlError(error: unknown): unknown {
  if (error instanceof StorageError) return error;
  const code = isConnectionLost(error) ? 'Unavailable' : NUMBERS.get(errorNumber(error));
  return code === undefined ? error : new StorageError(code, TEXTS[code] ?? code, { cause: error });
}

/** The connection is gone, and with it what was not committed. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && NETWORK_CODES.has(String(error.code))) return true;
  if ([1053, 1317, 1927, 3169, 4031].includes(errorNumber(error))) return true;
  // mysql2 marks what ends a connection, also "can't add new command when connection is in closed state".
  return 'fatal' in error && error.fatal === true && errorNumber(error) === 0;
}

/** The server takes no more connections. ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED. */
const CROWDED = new Set([1040, 1203, 1226]);

/** ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE, ER_INNODB_READ_ONLY. */
const READ_ONLY = new Set([1290, 1792, 1836, 1874]);

const OFFLINE = 3032;

/** The server cannot be used for now; the same one later, or another at its address, can be. */
export function isAway(error: unknown): boolean {
  const number = errorNumber(error);
  return isConnectionLost(error) || CROWDED.has(number) || READ_ONLY.has(number) || number === OFFLINE;
}

/** As the server says it when it is asked to write. */
export function readOnlyError(): Error {
  return Object.assign(new Error('the server is read-only: it is no primary, or not any more'), {
    errno: 1290,
  });
}

/** The server rolled back to resolve a conflict between transactions; running it again is the remedy. */
export function isTransactionConflict(error: unknown): boolean {
  // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK; ER_CHECKREAD of MariaDB, where it keeps snapshots isolated.
  return [1020, 1205, 1213].includes(errorNumber(error));
}

/** ER_TABLE_EXISTS_ERROR, ER_BAD_TABLE_ERROR, ER_DUP_FIELDNAME, ER_DUP_KEYNAME, ER_MULTIPLE_PRI_KEY, ER_CANT_DROP_FIELD_OR_KEY. */
const DONE_BEFORE = new Set([1050, 1051, 1060, 1061, 1068, 1091]);

/** The statement of DDL has been run before. */
export function isAlreadyDone(error: unknown): boolean {
  return DONE_BEFORE.has(errorNumber(error));
}

function errorNumber(error: unknown): number {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : 0;
}
