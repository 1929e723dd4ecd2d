import { formatTime } from '#api/machinery/clock';
import type { Wait, WaitNode } from '../graph/graph.ts';
import { waitedRecord, waitingRecord } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { SettledNode, Surroundings } from './settle.ts';

/** A node at which nothing runs, in its turn: all that it needs has ended. */
export function settleWait(node: WaitNode, record: NodeRecord, around: Surroundings): SettledNode {
  const begun = record.waitingSince === undefined ? waitingRecord(record, around.now) : record;
  const state = stateOf(node.wait, begun, around);
  if ('result' in state) {
    const ended = waitedRecord(begun, state.result, around.now);
    return { node, record: ended, state: { state: 'ended' }, over: [] };
  }
  return { node, record: begun, state: { state: 'waiting', ...state }, over: [] };
}

type WaitState =
  | { result: Record<string, unknown> }
  | {
      /** A sentence for people. */
      message: string;
      until?: string;
    };

function stateOf(wait: Wait, { waitingSince }: NodeRecord, { now }: Surroundings): WaitState {
  switch (wait.for) {
    case 'time': {
      const until = Date.parse(waitingSince ?? now) + wait.seconds * 1000;
      const end = formatTime(until);
      return until <= Date.parse(now) ? { result: {} } : { message: `Waits until ${end}.`, until: end };
    }
  }
}
