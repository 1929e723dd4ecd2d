import { formatTime, readTime } from '#api/machinery/clock';
import type { ApprovalWait, EventWait, Wait, WaitNode, WebhookWait } from '../graph/graph.ts';
import { stepKey } from '../approvals/ask.ts';
import type { Ask } from '../approvals/ask.ts';
import { settingsOf } from '../approvals/settings.ts';
import { rejectionOf } from '../approvals/stages.ts';
import { endedRecord, waitedRecord, waitingRecord } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { SentEvent, SentEvents } from './sent-events.ts';
import type { SettledNode, Surroundings } from './settle.ts';

export interface WaitSurroundings extends Pick<Surroundings, 'askedBy' | 'decisions' | 'now'> {
  events: SentEvents;
}

/** A node at which nothing runs, in its turn: all that it needs has ended. */
export function settleWait(node: WaitNode, record: NodeRecord, around: WaitSurroundings): SettledNode {
  const begun = record.waitingSince === undefined ? waitingRecord(record, around.now) : record;
  const state = limited(stateOf(node, begun, around), { node, record: begun, around });
  const ended = (after: NodeRecord): SettledNode => ({
    node,
    record: after,
    state: { state: 'ended' },
    over: [],
  });
  if ('failure' in state)
    return ended(endedRecord(begun, { status: 'FAILED', errorMessage: state.failure }, around.now));
  if ('result' in state) {
    const { result, event } = state;
    return ended({ ...waitedRecord(begun, result, around.now), ...taken(begun, event) });
  }
  return { node, record: begun, state: { state: 'waiting', ...state }, over: [] };
}

function taken({ events = [] }: NodeRecord, event: number | undefined): Pick<NodeRecord, 'events'> {
  return event === undefined ? {} : { events: [...events, event] };
}

type WaitState =
  /** `event`: the number of the one that was taken. */
  | { result: Record<string, unknown>; event?: number }
  /** `Reason: message`. */
  | { failure: string }
  | {
      /** A sentence for people. */
      message: string;
      until?: string;
      ask?: Ask;
    };

interface Waiting {
  node: WaitNode;
  record: NodeRecord;
  around: WaitSurroundings;
}

/** A step's own limit of time, beside that of what it waits for. */
function limited(state: WaitState, { node, record, around }: Waiting): WaitState {
  const { timeoutSeconds } = node.policy;
  const limit = endOf(timeoutSeconds, record, around);
  if (limit === undefined || !('message' in state)) return state;
  if (limit <= Date.parse(around.now)) {
    return { failure: `TimedOut: what it waits for did not come within ${timeoutSeconds} s.` };
  }
  const isSooner = state.until !== undefined && Date.parse(state.until) <= limit;
  return isSooner ? state : { ...state, until: formatTime(limit) };
}

/** When a wait that has so many seconds is over, in milliseconds since the epoch. */
function endOf(
  seconds: number | undefined,
  record: NodeRecord,
  around: WaitSurroundings,
): number | undefined {
  return seconds === undefined ? undefined : sinceOf(record, around) + seconds * 1000;
}

function stateOf(node: WaitNode, record: NodeRecord, around: WaitSurroundings): WaitState {
  const { wait } = node;
  if (wait.for === 'approval') return decided(node, record, { ...around, wait });
  if (wait.for !== 'time') return outside(wait, { node, record, around });
  const until = 'until' in wait ? readTime(wait.until) : sinceOf(record, around) + wait.seconds * 1000;
  if (until === undefined)
    return { failure: `InvalidTime: ${shown(wait)} is no date and time as in RFC 3339.` };
  // Up to the next second, which is all that records tell.
  const end = formatTime(Math.ceil(until / 1000) * 1000);
  return until <= Date.parse(around.now) ? { result: {} } : { message: `Waits until ${end}.`, until: end };
}

const MOST_CHARACTERS = 64;

/** Agents may have written it. */
const shown = (wait: Wait): string =>
  JSON.stringify('until' in wait ? wait.until.slice(0, MOST_CHARACTERS) : '');

/** Something that comes from outside, or does not come in time. */
function outside(wait: EventWait | WebhookWait, { node, record, around }: Waiting): WaitState {
  const { timeoutSeconds } = wait;
  const { id, name } = node;
  const until = endOf(timeoutSeconds, record, around);
  const latest = Math.min(until ?? Infinity, endOf(node.policy.timeoutSeconds, record, around) ?? Infinity);
  const event = around.events.take((one) => isFor(one, wait, id), latest);
  if (event !== undefined) return { result: resultOf(event), event: event.number };
  const what = wait.for === 'event' ? `the event "${wait.event}"` : `a call of the address of step "${name}"`;
  if (until === undefined) return { message: `Waits for ${what}.` };
  const end = formatTime(until);
  return until <= Date.parse(around.now)
    ? { failure: `TimedOut: ${what} did not come within ${timeoutSeconds} s.` }
    : { message: `Waits for ${what} until ${end}.`, until: end };
}

const sinceOf = ({ waitingSince }: NodeRecord, { now }: WaitSurroundings): number =>
  Date.parse(waitingSince ?? now);

/** One that came by the address of a node is that node's, whatever it is called. */
function isFor({ name, node }: SentEvent, wait: Wait, id: string): boolean {
  return wait.for === 'event' ? node === undefined && name === wait.event : node === id;
}

function resultOf({ data }: SentEvent): Record<string, unknown> {
  if (data === undefined) return {};
  return { value: typeof data === 'string' ? data : JSON.stringify(data), output: data };
}

function decided(
  node: WaitNode,
  { attempt }: NodeRecord,
  { decisions, askedBy, wait: { message } }: WaitSurroundings & { wait: ApprovalWait },
): WaitState {
  const key = stepKey(node.id, attempt);
  const outcome = decisions.outcomeOf(key);
  if (outcome === undefined) {
    const settings = settingsOf(askedBy(node));
    return { message, ask: { key, purpose: 'Step', node: node.id, message, settings } };
  }
  if (outcome.result !== 'approved') return { failure: rejectionOf(outcome) };
  const { by, message: value = '' } = outcome;
  return { result: { value, decision: 'Approved', ...(by === undefined ? {} : { decidedBy: by }) } };
}
