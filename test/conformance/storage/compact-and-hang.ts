import { openMysql } from '#api/storage/mysql/open-mysql';
import { openSqlite } from '#api/storage/sqlite/open-sqlite';

/** A child process of compaction-faults.test.ts: says what is compacted, and is killed before it deletes that. */
const url = process.argv[2] ?? '';
const upTo = Number(process.argv[3]);
const driver = url.startsWith('sqlite:') ? openSqlite(url.slice('sqlite:'.length)) : await openMysql(url);
process.send?.(await driver.history.raiseCompacted(upTo));
setInterval(() => undefined, 60_000);
