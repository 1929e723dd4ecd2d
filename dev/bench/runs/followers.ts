import mysqlClient from 'mysql2/promise';
import { cpuMicroseconds } from '../load/cpu-time.ts';
import { fanOut, openLines } from '../load/fan-out.ts';
import type { Watched } from '../load/fan-out.ts';
import type { Figure } from '../load/figure.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { floor } from '../servers/floor.ts';
import type { BenchDatabase } from '../storage/database.ts';
import { emptyDatabase } from '../storage/empty-database.ts';

const SIZE = { watches: 2_000, events: 60 };
const NAMESPACE = 'bench-followers';
const TASKS = `/apis/agent.wecode.io/v1/namespaces/${NAMESPACE}/tasks`;

/**
 * From sending an event of a Task to each of 2,000 followers of its log having it. The floor is a bare Node HTTPS
 * server that writes as many bytes to as many open responses.
 */
export async function measureFollowers(mysqlUrl: string): Promise<Figure[]> {
  await using own = await emptyDatabase(mysqlUrl);
  await using rows = await countRowsRead(mysqlUrl);
  const databases: BenchDatabase[] = [{ name: 'sqlite' }, { name: 'mysql', url: own.url }];
  const figures: Figure[] = [];
  for (const { name, url } of databases) {
    await using api = await apiUnderTest(url === undefined ? {} : { databaseUrl: url });
    const log = await newTask(api);
    // Once beforehand: a first delivery also compiles what is run for it.
    await fanOut(log, { watches: 50, events: 20 });
    const before = { cpu: await cpuMicroseconds(api.pid), rows: await rows.of(url) };
    const measured = await fanOut(log, SIZE);
    const perEvent = (await rows.of(url)) - before.rows;
    figures.push({
      name: `event of a Task to ${SIZE.watches} followers`,
      on: name,
      value:
        url === undefined
          ? `${SIZE.events} events`
          : `${(perEvent / SIZE.events).toFixed(1)} rows of the log read for each`,
      ...measured,
      cpuUs: ((await cpuMicroseconds(api.pid)) - before.cpu) / SIZE.events,
      ...(await leastFor(measured.p99Ms)),
    });
  }
  return figures;
}

async function leastFor(p99Ms: number): Promise<Pick<Figure, 'floor' | 'ratio'>> {
  await using bare = await floor('');
  const least = await fanOut(
    {
      open: (seen, signal) => openLines(bare.watch, seen, signal),
      cause: (name) => bare.post(JSON.stringify(eventOf(name, 1))),
    },
    SIZE,
  );
  return {
    floor: `bare Node server p50 ${least.p50Ms.toFixed(2)}, p99 ${least.p99Ms.toFixed(2)} ms`,
    ratio: p99Ms / least.p99Ms,
  };
}

async function newTask(api: ApiUnderTest): Promise<Watched> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await api.call('POST', '/api/v1/namespaces', namespace);
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name: 'followed' },
    spec: { prompt: 'x', teamRef: { name: 't' } },
  };
  const made = JSON.parse(await api.call('POST', TASKS, body)) as { metadata: { uid: string } };
  let sourceSeq = 0;
  return {
    open(seen, signal) {
      const url = `${TASKS}/followed/log?follow=true&format=jsonl&after=${sourceSeq}`;
      return openLines((ending) => api.open(url, ending), seen, signal);
    },
    cause(name) {
      sourceSeq += 1;
      const batch = { source: 's', taskUID: made.metadata.uid, events: [eventOf(name, sourceSeq)] };
      return api.call('POST', `${TASKS}/followed/log`, batch);
    },
  };
}

/** About as long as the text that an agent writes within 50 ms. */
const eventOf = (name: string, sourceSeq: number): object => ({
  sourceSeq,
  time: '2026-01-02T03:04:05.000006Z',
  type: 'text',
  data: { text: `${name} ${'so many words '.repeat(8)}` },
});

/** Counts the rows of task logs that a server of MariaDB reads; it keeps such counts when it is told to. */
async function countRowsRead(
  mysqlUrl: string,
): Promise<{ of(url: string | undefined): Promise<number> } & AsyncDisposable> {
  const connection = await mysqlClient.createConnection(mysqlUrl);
  await connection.query('SET GLOBAL userstat = 1');
  return {
    async of(url) {
      if (url === undefined) return 0;
      const [rows] = await connection.query(
        `SELECT CAST(SUM(rows_read) AS INT) AS n FROM information_schema.table_statistics
         WHERE table_schema = ? AND table_name = 'task_events'`,
        [new URL(url).pathname.slice(1)],
      );
      return (rows as { n: number | null }[])[0]?.n ?? 0;
    },
    async [Symbol.asyncDispose]() {
      await connection.query('SET GLOBAL userstat = 0');
      await connection.end();
    },
  };
}
