import type { TaskStatus } from '#api/types/generated/task';
import { jsonBytes } from '../answer.ts';
import { hasRun, readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { nextStatus } from '../status/status.ts';
import { useOf } from '../status/use.ts';
import type { Observation } from './plan.ts';

/** The part of a Task that the server does not take, with the server's words. */
export interface Refused {
  reason: 'StatusRefused' | 'RevisionRefused';
  message: string;
}

/**
 * The status of a Task whose own status, or whose TaskRevision, the server refuses: it fails with that, although runs may be
 * alive. Unlike another failure it does not wait for their end: until then the reason would have to stand in a status that
 * the server takes, and a small one leaves out the answers that the next plan decides by. The next look at the Task cancels the
 * runs, and it is not taken up again before they have ended (planFrom), so that no second attempt runs beside them.
 */
export function planRefused(observation: Observation, { reason, message }: Refused): TaskStatus {
  const records = readRecords(observation.task.status);
  // Before a node has run, it is the whole plan that is refused.
  const node = records.some(hasRun) ? records.find(({ status }) => status !== 'COMPLETED')?.node : undefined;
  const failure = { ...(node === undefined ? {} : { node }), why: `${reason}: ${message}` };
  return nextStatus(observation, { records, outcome: { kind: 'failed', failure } });
}

/**
 * The same without all that may be long, for a status that is too large: how each step stands, and what it has used.
 * A smaller one is always there to be taken, so that no Task stands for ever before a status that nobody takes. Steps whose
 * answers are left out by that run again when the Task is tried again: nobody could go on with what they have done.
 */
export function planRefusedSmall(observation: Observation, refused: Refused): TaskStatus {
  const { task } = observation;
  const { result: _, messages: __, ...status } = task.status ?? {};
  const subTasks = readRecords(status).map(smallRecord);
  return planRefused({ ...observation, task: { ...task, status: { ...status, subTasks } } }, refused);
}

const LEFT_OUT = '[There was no room for the answer in the status; the log of the Task has it.]';
const MOST_ERROR = 256;
/** Bytes of JSON. */
const MOST_ANSWER = 256;

function smallRecord(record: NodeRecord): NodeRecord {
  const { history: _, suspended: __, resumes: ___, answers: ____, result, errorMessage, ...rest } = record;
  return {
    ...rest,
    ...(result === undefined ? {} : smallResult(result)),
    ...(errorMessage === undefined ? {} : { errorMessage: errorMessage.slice(0, MOST_ERROR) }),
  };
}

function smallResult(result: NonNullable<NodeRecord['result']>): Pick<NodeRecord, 'isLeftOut' | 'result'> {
  const { value, output } = result;
  const isShort = typeof value === 'string' && jsonBytes(value) <= MOST_ANSWER && output === undefined;
  const use = useOf(result);
  return isShort ? { result: { value, ...use } } : { result: { value: LEFT_OUT, ...use }, isLeftOut: true };
}
