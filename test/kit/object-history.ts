import { judgeHistory } from './linearizability.ts';
import type { Model, Operation } from './linearizability.ts';

/** What clients of one store did and were told, and whether one history of each object explains it. */

/** `value` differs for every write, so that a read tells which write it saw. */
export type Asked =
  | { op: 'create'; value: string }
  | { op: 'update'; value: string; expected: number }
  | { op: 'delete'; expected: number }
  | { op: 'get' };

export type Refusal = 'Exists' | 'NotFound' | 'Conflict';

/** `unknown`: the request failed in a way that leaves open whether it took effect, now or later. */
export type Answer =
  | { is: 'written'; revision: number }
  | { is: 'refused'; code: Refusal }
  | { is: 'found'; revision: number; value: string }
  | { is: 'absent' }
  | { is: 'unknown' };

export type ObjectAction = Asked & { answer: Answer };

export interface ObjectOperation extends Operation<ObjectAction> {
  name: string;
}

/** `value` is undefined while there is none; the revision is then that of the deletion. */
interface ObjectState {
  revision: number;
  value: string | undefined;
}

/** The revision of a write whose answer was lost and which nobody read. No client can know it either. */
const UNSEEN = -1;

/** One line for each object whose history is not that of a register with compare-and-swap. */
export function findNonLinearizable(history: readonly ObjectOperation[]): string[] {
  const byName = Map.groupBy(history, ({ name }) => name);
  return [...byName].flatMap(([name, operations]) => {
    const verdict = judgeHistory(operations, objectModel(operations));
    if (verdict.linearizable) return [];
    const { order, state, stuck } = verdict;
    const lines = [
      ...order.slice(-8).map((operation) => `  then ${lineOf(operation)}`),
      `  gives ${JSON.stringify(state)}, after which none of these can come:`,
      ...stuck.map((operation) => `  ? ${lineOf(operation)}`),
    ];
    return [`${name}: ${order.length} of ${operations.length} in order, not the rest\n${lines.join('\n')}`];
  });
}

/**
 * Lines for what contradicts the order of time across objects: a write that began after another was acknowledged has a
 * higher revision, and a list is of no lower one.
 */
export function findDisorder(marks: readonly RevisionMark[]): string[] {
  const ends = marks.toSorted((a, b) => a.returned - b.returned);
  const found: string[] = [];
  let passed = 0;
  let newest: RevisionMark | undefined;
  for (const mark of marks.toSorted((a, b) => a.called - b.called)) {
    for (let end = ends[passed]; end !== undefined && end.returned < mark.called; end = ends[++passed]) {
      if (newest === undefined || end.revision > newest.revision) newest = end;
    }
    if (newest === undefined) continue;
    const late = mark.isWrite ? mark.revision <= newest.revision : mark.revision < newest.revision;
    if (late) found.push(`${mark.what} has revision ${mark.revision}, after ${newest.revision} was told`);
  }
  return found;
}

/** A revision that a client was told: that of its write, or that of a list. */
export interface RevisionMark {
  what: string;
  called: number;
  returned: number;
  revision: number;
  isWrite: boolean;
}

function objectModel(history: readonly ObjectOperation[]): Model<ObjectState, ObjectAction> {
  const readAt = new Map<string, number>();
  for (const { answer } of history.map(({ action }) => action)) {
    if (answer.is === 'found') readAt.set(answer.value, answer.revision);
  }
  return {
    initial: { revision: 0, value: undefined },
    apply: (state, action) => next(state, action, readAt),
    textOf: ({ revision, value }) => `${revision} ${value ?? ''}`,
  };
}

function next(
  state: ObjectState,
  action: ObjectAction,
  readAt: ReadonlyMap<string, number>,
): ObjectState | undefined {
  const { answer } = action;
  if (answer.is === 'absent') return state.value === undefined ? state : undefined;
  if (answer.is === 'found') {
    return state.value === answer.value && state.revision === answer.revision ? state : undefined;
  }
  const refusal = refusalOf(state, action);
  if (answer.is === 'refused') return refusal === answer.code ? state : undefined;
  if (refusal !== undefined) return undefined;
  const value = 'value' in action ? action.value : undefined;
  if (answer.is === 'written')
    return answer.revision > state.revision ? { revision: answer.revision, value } : undefined;
  return { revision: value === undefined ? state.revision : (readAt.get(value) ?? UNSEEN), value };
}

function refusalOf(state: ObjectState, asked: Asked): Refusal | undefined {
  if (asked.op === 'create') return state.value === undefined ? undefined : 'Exists';
  if (state.value === undefined) return 'NotFound';
  return asked.op === 'get' || asked.expected === state.revision ? undefined : 'Conflict';
}

const lineOf = ({ client, called, returned, action }: Operation<ObjectAction>): string =>
  `${client} [${called.toFixed(2)}, ${returned.toFixed(2)}] ${JSON.stringify(action)}`;
