import { findDisorder, findNonLinearizable } from '../../kit/object-history.ts';
import { findInconsistencies } from '../../kit/store-consistency.ts';
import { readLog } from '../../kit/store-tables.ts';
import { findWatchFaults } from '../../kit/watch-order.ts';
import type { Told } from '../../kit/watch-order.ts';
import type { LogWatcher, WatchSpan } from './log-watcher.ts';
import type { RecordedClients } from './recorded-clients.ts';
import type { SeenObject } from './replica-messages.ts';

/** What of the store's promises a run broke: one line each. The clients have stopped; a database of SQLite is closed. */
export async function judgeTrial(
  clients: RecordedClients,
  { url, resource, watchers }: { url: string; resource: string; watchers: readonly LogWatcher[] },
): Promise<string[]> {
  const log = await logLines(url, resource);
  return [
    ...clients.surprises.map((text) => `unexpected: ${text}`),
    ...findNonLinearizable(clients.history),
    ...findDisorder(clients.marks),
    ...findLost(clients, log),
    ...findWrongLists(clients, log),
    ...watchers.flatMap(({ spans }, i) =>
      spans.flatMap((span) => judgeSpan(span, log).map((line) => `watcher ${i}: ${line}`)),
    ),
    ...(await findInconsistencies(url)),
  ];
}

function judgeSpan({ after, told }: WatchSpan, log: readonly LogLine[]): string[] {
  const last = told.at(-1)?.revision ?? after;
  return findWatchFaults(
    told,
    log.filter(({ revision }) => revision > after && revision <= last),
  );
}

interface LogLine extends Told, SeenObject {
  op: string;
}

const TYPES: Record<string, string> = { create: 'ADDED', update: 'MODIFIED', delete: 'DELETED' };

async function logLines(url: string, resource: string): Promise<LogLine[]> {
  const values = new Map<string, string>();
  return (await readLog(url, resource)).map(({ revision, name, op, body }) => {
    // A deletion is told with the last state.
    if (op !== 'delete') values.set(name, (JSON.parse(body) as { spec: { value: string } }).spec.value);
    const value = values.get(name) ?? '';
    return { revision, name, op, value, text: `${TYPES[op]} ${name} ${value}` };
  });
}

/** Acknowledged writes that the log does not have, and writes of the log that nobody asked for. */
function* findLost({ history }: RecordedClients, log: readonly LogLine[]): Generator<string> {
  const lines = new Map(log.map((line) => [line.revision, line]));
  const asked = new Set(history.map(({ action }) => ('value' in action ? action.value : '')));
  for (const { client, name, action } of history) {
    if (action.answer.is !== 'written') continue;
    const line = lines.get(action.answer.revision);
    const same = line?.op === action.op && line.name === name;
    if (same && (action.op === 'delete' || ('value' in action && action.value === line.value))) continue;
    yield `${client}: ${action.op} of ${name} was acknowledged as ${action.answer.revision}, which is ${line?.text ?? 'not there'}`;
  }
  for (const { revision, value } of log) {
    if (!asked.has(value)) yield `${revision} has ${value}, which nobody wrote`;
  }
}

/** A list is exactly what the log says of its revision. */
function* findWrongLists({ lists }: RecordedClients, log: readonly LogLine[]): Generator<string> {
  const state = new Map<string, LogLine>();
  let read = 0;
  for (const list of lists.toSorted((a, b) => a.revision - b.revision)) {
    for (let line = log[read]; line !== undefined && line.revision <= list.revision; line = log[++read]) {
      if (line.op === 'delete') state.delete(line.name);
      else state.set(line.name, line);
    }
    const expected = [...state.values()].map(stateText).sort().join(', ');
    const told = list.items.map(stateText).sort().join(', ');
    if (told !== expected) yield `a list of ${list.revision} was ${told}, and is ${expected}`;
  }
}

const stateText = ({ name, revision, value }: SeenObject): string => `${name}@${revision} ${value}`;
