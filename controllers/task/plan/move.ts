import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import { endedRecord, followedRecord, startedRecord } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { sandboxName } from '../sandbox/sandbox-object.ts';
import { sentence } from '../status/wording.ts';
import { nodeState } from './node-state.ts';
import type { OverSandbox, SettledNode, Surroundings, WaitingState } from './settle.ts';

/** The next step of one node. */
export interface Move {
  record: NodeRecord;
  /** It is under way; the Sandbox is absent while it is being created. */
  run?: { sandbox?: Sandbox };
  /** It waits, and nothing runs. */
  wait?: WaitingState;
  /** The Sandbox of its record is to be created, unless it is there already. */
  create?: true;
  /** Its spec.cancel is to be set. */
  cancel?: Sandbox;
  /** The Sandboxes to ask for first. */
  over: readonly OverSandbox[];
}

interface At {
  task: Task;
  now: string;
}

/** The Task goes on: what is ready starts, what was lost starts again. */
export function goOn(settled: SettledNode, isReady: boolean, at: At): Move {
  const { record, state, over } = settled;
  switch (state.state) {
    case 'ended':
      return { record, over };
    case 'not-started':
      return isReady ? { record: nextAttempt(record, at), create: true, run: {}, over } : { record, over };
    case 'to-create':
      return { record, create: true, run: {}, over };
    case 'waiting':
      return { record, wait: state, over };
    case 'live':
      return {
        record: followedRecord(record, state.sandbox, at.now),
        run: { sandbox: state.sandbox },
        over,
      };
    case 'stopping':
      return { record, run: { sandbox: state.sandbox }, over };
    case 'lost': {
      const wait = delayOf(record, at.now);
      return wait === undefined
        ? { record: nextAttempt(record, at), create: true, run: {}, over }
        : { record, wait, over };
    }
    case 'suspended': {
      if (!isAnswered(record, at.task)) return { record, over };
      return { record: nextAttempt(record, at), create: true, run: {}, over };
    }
  }
}

/** The times are of one form, so the order of the texts is that of the times. */
function delayOf({ retryAt, errorMessage, attempt = 1 }: NodeRecord, now: string): WaitingState | undefined {
  if (retryAt === undefined || retryAt <= now) return undefined;
  const why = errorMessage === undefined ? '' : `${sentence(errorMessage)} `;
  const message = `${why}Attempt ${attempt + 1} follows at ${retryAt}.`;
  return { state: 'waiting', message, until: retryAt };
}

const UNDER_WAY: ReadonlySet<string> = new Set(['live', 'stopping', 'waiting', 'ended']);

/** No further run starts: those under way come to their ends, and all else stays as it is. */
export function hold(settled: SettledNode, at: At): Move {
  const { record, state, over } = settled;
  const isUnderWay = UNDER_WAY.has(state.state);
  if (isUnderWay) return goOn(settled, false, at);
  // That a person is asked, and that a run was lost, is written down now; of all else nothing is taken for over.
  return { record, over: state.state === 'suspended' || state.state === 'lost' ? over : [] };
}

/** Whether people have answered all that the run has asked. */
function isAnswered({ suspended }: NodeRecord, { spec }: Task): boolean {
  const answered = new Set((spec.answers ?? []).map(({ id }) => id));
  return suspended !== undefined && suspended.questions.every(({ id }) => answered.has(id));
}

/** The same for a node that this version does not know: of its end, nothing is taken over. */
export function stopUnknown(record: NodeRecord, around: At & Pick<Surroundings, 'sandboxes'>): Move {
  const state = nodeState(record, around.sandboxes);
  const isOver = state.state === 'succeeded' || state.state === 'failed' || state.state === 'cancelled';
  return isOver ? { record, over: [] } : stop({ record, state, over: [] }, around);
}

/** The Task comes to its end early: what runs is cancelled and waited for, nothing starts. */
export function stop(settled: Omit<SettledNode, 'node'>, { now }: At): Move {
  const { record, state, over } = settled;
  switch (state.state) {
    case 'ended':
    case 'not-started':
      return { record, over };
    case 'to-create':
      return {
        record: endedRecord(record, { status: 'CANCELLED' }, now),
        over: record.executor_name === undefined ? [] : [{ name: record.executor_name }],
      };
    case 'live':
    case 'stopping': {
      const { sandbox } = state;
      return { record, run: { sandbox }, ...(sandbox.spec.cancel === true ? {} : { cancel: sandbox }), over };
    }
    case 'lost':
      return {
        record: endedRecord(record, { status: 'CANCELLED', errorMessage: state.message }, now),
        over,
      };
    case 'suspended':
    case 'waiting':
      return { record: endedRecord(record, { status: 'CANCELLED' }, now), over };
  }
}

function nextAttempt(record: NodeRecord, { task, now }: At): NodeRecord {
  const attempt = (record.attempt ?? 0) + 1;
  const name = sandboxName(task, { node: record.node, attempt });
  return startedRecord(record, { attempt, sandbox: { name, namespace: task.metadata.namespace }, now });
}
