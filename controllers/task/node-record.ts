import type { Sandbox, SandboxQuestion, SandboxResult } from '#api/types/generated/sandbox';
import type { TaskAnswer, TaskStatus, TaskSubTask } from '#api/types/generated/task';
import { isStepEnd } from '#api/types/tasks/task';
import { isRunNode } from './graph/graph.ts';
import type { PlannedNode } from './graph/graph.ts';
import { cutAnswerToJson, firstWarnings, jsonBytes } from './answer.ts';
import { nodeOfRecord } from './graph/stages.ts';
import { addUse, useOf } from './status/use.ts';
import type { Amount, Use } from './status/use.ts';

/**
 * The record of a node in status.subTasks: the fields of compatible clients, and those that decide about attempts.
 * In the fields of compatible clients, `executor_name` is the name of a Sandbox. Records are never changed: each
 * function here returns a new one.
 */
export interface NodeRecord extends TaskSubTask {
  /** Id of the node. */
  node: string;
  /** Attempt under way or last made, from 1; absent before the node was started. Of a wait: how often it has begun. */
  attempt?: number;
  /** uid of the attempt's Sandbox, once it was seen. */
  sandboxUID?: string;
  /** Sandboxes of the attempts before, as far as they were seen, newest first; the last ones. */
  earlierSandboxes?: readonly SandboxIdentity[];
  /** Of a step that a fork has taken over: the Task whose Sandbox, files and costs these are. */
  forkedFrom?: { task: string; uid: string };
  /** Its last run has asked, and has ended before there was an answer. */
  suspended?: Suspension;
  /** The suspension that the attempt under way goes on after. */
  resumes?: Suspension;
  /** How many attempts went on after an answer; they do not count as lost ones. */
  resumed?: number;
  /** The use of the attempts before; from retryAt on, that of the last one is in it. */
  earlierUse?: Use;
  /** The part of the Task's budget that the attempt under way may spend. */
  share?: Amount;
  /** When the attempt that follows on a failed one starts; RFC 3339. */
  retryAt?: string;
  /** Since when a node waits at which nothing runs; RFC 3339. */
  waitingSince?: string;
  /** The numbers in spec.events of those that ended its waits: one for each time that it has run. */
  events?: readonly number[];
  /** A sentence: why the node was skipped. */
  message?: string;
  /** The node whose agent it goes on with. */
  goesOnFrom?: string;
  /** Of an agent that begins with words of people: the node whose answer it is told, and with whose files it begins. */
  follows?: string;
  /** Ids of the messages of people that its agent has got while it worked. */
  messages?: readonly string[];
  /** Answers to its questions that people gave by Approvals. */
  answers?: readonly TaskAnswer[];
  /** The decision of people, by an Approval, about the end of an attempt; `why` the Task does not go on, if it does not. */
  stage?: { attempt: number; why?: string };
  /** Why the Task fails: nobody has decided about a question of the node in time. */
  undecided?: string;
  /** Its answer is no longer in the status: there was no room for it. */
  isLeftOut?: true;
  /** How it ended before people had it run again, the oldest first. */
  history?: readonly PastEnd[];
}

export type PastEnd = Pick<
  NodeRecord,
  'attempt' | 'completedAt' | 'errorMessage' | 'executor_name' | 'messages' | 'result' | 'status'
>;

export interface Suspension {
  /** Session of the agent's program. */
  sessionId?: string;
  questions: readonly SandboxQuestion[];
}

export interface SandboxIdentity {
  name: string;
  uid: string;
  /** Of the Task whose Sandbox it is, where that is another one. */
  taskUID?: string;
}

/** The records in a status, as they are stored. Those of older versions get the node that they belong to. */
export function readRecords(status: TaskStatus | undefined): NodeRecord[] {
  return (status?.subTasks ?? []).map((record, index) => withNode(record, nodeOfRecord(record, index)));
}

function withNode(record: TaskSubTask, node: string): NodeRecord {
  return { ...record, node };
}

export function plannedRecord(node: PlannedNode, now: string): NodeRecord {
  return {
    node: node.id,
    title: node.name,
    role: 'ASSISTANT',
    bot_ids: isRunNode(node) ? [node.agent.botName] : [],
    ...waitOf(node),
    status: 'PENDING',
    progress: 0,
    ...(node.session === undefined ? followsOf(node) : { goesOnFrom: node.session.from }),
    createdAt: now,
    updatedAt: now,
  };
}

/** An agent that answers words of people in a session of its own. */
const followsOf = ({ message, needs: [follows] }: PlannedNode): Pick<NodeRecord, 'follows'> =>
  message === undefined || follows === undefined ? {} : { follows };

/** For what it waits, as long as it has not ended. */
const waitOf = (node: PlannedNode): Pick<NodeRecord, 'waitsFor'> =>
  node.kind === 'wait' && node.skip === undefined ? { waitsFor: node.wait.for } : {};

export interface Attempt {
  attempt: number;
  sandbox: { name: string; namespace: string | undefined };
  now: string;
}

/** A Sandbox names 16 whose files it may go on with, and one of them is that of the node before. */
const MOST_EARLIER = 15;

/** The attempt is decided on; its Sandbox is not made yet. */
export function startedRecord(record: NodeRecord, { attempt, sandbox, now }: Attempt): NodeRecord {
  const { sandboxUID: _, errorMessage: __, retryAt: ___, share: ____, suspended, ...rest } = record;
  const earlier = [...sandboxOf(record), ...(record.earlierSandboxes ?? [])].slice(0, MOST_EARLIER);
  return {
    ...rest,
    status: 'PENDING',
    attempt,
    executor_name: sandbox.name,
    ...(sandbox.namespace === undefined ? {} : { executor_namespace: sandbox.namespace }),
    ...(earlier.length === 0 ? {} : { earlierSandboxes: earlier }),
    ...(suspended === undefined ? {} : { resumes: suspended, resumed: (record.resumed ?? 0) + 1 }),
    updatedAt: now,
  };
}

/** The run has ended with questions: it goes on when they are answered. */
export function suspendedRecord(record: NodeRecord, sandbox: Sandbox, now: string): NodeRecord {
  const { questions = [], result } = sandbox.status ?? {};
  const { sessionId } = result ?? {};
  const earlierUse = addUse(record.earlierUse, useOf(result));
  return {
    ...seenRecord(record, sandbox),
    ...heard(record, sandbox),
    status: 'PENDING_CONFIRMATION',
    suspended: { questions, ...(sessionId === undefined ? {} : { sessionId }) },
    ...(earlierUse === undefined ? {} : { earlierUse }),
    updatedAt: now,
  };
}

/** The last attempt has failed, and another one follows at `retryAt`. */
export function retriedRecord(
  record: NodeRecord,
  { sandbox, why, retryAt, now }: { sandbox: Sandbox | undefined; why: string; retryAt: string; now: string },
): NodeRecord {
  if (record.retryAt !== undefined) return record;
  const earlierUse = addUse(record.earlierUse, useOf(sandbox?.status?.result));
  return {
    ...(sandbox === undefined ? record : seenRecord(record, sandbox)),
    status: 'PENDING',
    errorMessage: why,
    retryAt,
    ...(earlierUse === undefined ? {} : { earlierUse }),
    updatedAt: now,
  };
}

/** Of a node's ends, the last ones are kept. */
const MOST_HISTORY = 10;

/**
 * A person wants the node to run again: with the next number, and from the files of the node before.
 * @param planned absent for a node that is no longer known
 */
export function renewedRecord(
  record: NodeRecord,
  { planned, now }: { planned: PlannedNode | undefined; now: string },
): NodeRecord {
  const { node, title, role, bot_ids, createdAt, goesOnFrom, follows, events, ...end } = record;
  // Waits of earlier versions do not count how often they have begun.
  const { attempt = end.waitingSince === undefined ? undefined : 1 } = end;
  const { executor_name, status, result, errorMessage, completedAt, messages } = end;
  const { history = [], earlierUse } = end;
  const shown = result === undefined ? undefined : withoutOutput(result);
  const past = { attempt, executor_name, status, result: shown, errorMessage, completedAt, messages };
  const known = Object.fromEntries(Object.entries(past).filter(([, value]) => value !== undefined));
  const use = result === undefined || record.forkedFrom !== undefined ? earlierUse : useOf(result);
  return {
    ...{ node, title, role, bot_ids, createdAt },
    ...(goesOnFrom === undefined ? {} : { goesOnFrom }),
    ...(follows === undefined ? {} : { follows }),
    ...(planned === undefined ? {} : waitOf(planned)),
    // The events that it has taken stay taken.
    ...(events === undefined ? {} : { events }),
    // Those before do not count as lost.
    ...(attempt === undefined ? {} : { attempt, resumed: attempt }),
    ...(use === undefined ? {} : { earlierUse: use }),
    history: attempt === undefined ? history : [...history, known].slice(-MOST_HISTORY),
    status: 'PENDING',
    progress: 0,
    updatedAt: now,
  } as NodeRecord;
}

/** The run has used up its share of the budget: it goes on in its session when there is another one. */
export function outspentRecord(record: NodeRecord, sandbox: Sandbox, now: string): NodeRecord {
  const { sessionId } = sandbox.status?.result ?? {};
  const suspended = { questions: [], ...(sessionId === undefined ? {} : { sessionId }) };
  return { ...suspendedRecord(record, sandbox, now), status: 'PENDING', suspended };
}

/** Attempts that were made since runs were lost, not those that went on after an answer. */
export function countedAttempts({ attempt = 1, resumed = 0 }: NodeRecord): number {
  return attempt - resumed;
}

/** The Sandbox of the last attempt, if it was seen. */
export function sandboxOf(record: NodeRecord): SandboxIdentity[] {
  const { executor_name: name, sandboxUID: uid, forkedFrom } = record;
  if (name === undefined || uid === undefined) return [];
  return [{ name, uid, ...(forkedFrom === undefined ? {} : { taskUID: forkedFrom.uid }) }];
}

/** The record as it was seen to stand; the same one when that is no news. */
export function followedRecord(record: NodeRecord, sandbox: Sandbox, now: string): NodeRecord {
  const status = sandbox.status?.phase === 'Running' ? 'RUNNING' : 'PENDING';
  const seen = seenRecord(record, sandbox);
  return seen === record && record.status === status ? record : { ...seen, status, updatedAt: now };
}

/** The record with the Sandbox's uid; the same one when it has it. */
export function seenRecord(record: NodeRecord, { metadata: { uid } }: Sandbox): NodeRecord {
  return uid === undefined || uid === record.sandboxUID ? record : { ...record, sandboxUID: uid };
}

/** Bytes, as JSON, that the end of a step may have in the status. */
export interface StatusRoom {
  /** Of its answer; a longer one is cut. */
  answerBytes: number;
  /** Of its output; a longer one is left out. */
  outputBytes: number;
  /** Of its warnings; the first ones stay. */
  warningBytes: number;
}

/** The moment of an end, and its room. */
export interface EndsAt extends StatusRoom {
  now: string;
}

export function completedRecord(record: NodeRecord, sandbox: Sandbox, { now, ...room }: EndsAt): NodeRecord {
  return {
    ...seenRecord(record, sandbox),
    ...heard(record, sandbox),
    status: 'COMPLETED',
    progress: 100,
    result: {
      value: '',
      ...statusResult(sandbox, room),
      ...addUse(record.earlierUse, useOf(sandbox.status?.result)),
    },
    updatedAt: now,
    completedAt: sandbox.status?.finishedAt ?? now,
  };
}

/** All that a wait needs has ended; it begins. */
export function waitingRecord(record: NodeRecord, now: string): NodeRecord {
  const attempt = (record.attempt ?? 0) + 1;
  return { ...record, status: 'RUNNING', attempt, waitingSince: now, updatedAt: now };
}

/** That which a node waits for has come. */
export function waitedRecord(record: NodeRecord, result: Record<string, unknown>, now: string): NodeRecord {
  const { waitsFor: _, ...rest } = record;
  const end = { status: 'COMPLETED', progress: 100, updatedAt: now, completedAt: now } as const;
  return { ...rest, ...end, result: { value: '', ...result } };
}

/** The node does not run, for the reason that `message` says. */
export function skippedRecord(record: NodeRecord, message: string, now: string): NodeRecord {
  const { waitsFor: _, ...rest } = record;
  return { ...rest, status: 'SKIPPED', message, updatedAt: now, completedAt: now };
}

export interface End {
  status: 'FAILED' | 'CANCELLED';
  errorMessage?: string;
  /** The run that has ended so, and the room for its result. */
  run?: { sandbox: Sandbox; room: StatusRoom };
}

/** A run that has not come to a good end has cost something all the same. */
export function endedRecord(record: NodeRecord, end: End, now: string): NodeRecord {
  const { status, errorMessage, run } = end;
  const sandbox = run?.sandbox;
  const { suspended: _, waitsFor: __, retryAt, ...rest } = record;
  // Once a further attempt was decided on, the use of the last one is counted.
  const use = retryAt === undefined ? useOf(sandbox?.status?.result) : undefined;
  const result = { ...(run && statusResult(run.sandbox, run.room)), ...addUse(record.earlierUse, use) };
  return {
    // It may have ended before anybody saw it work.
    ...(sandbox?.status?.startedAt === undefined ? rest : seenRecord(rest, sandbox)),
    ...heard(record, sandbox),
    status,
    ...(Object.keys(result).length === 0 ? {} : { result: { value: '', ...result } }),
    ...(errorMessage === undefined || errorMessage === '' ? {} : { errorMessage }),
    updatedAt: now,
    completedAt: now,
  };
}

/** A run that was lost has taken its words with it: the next attempt is told them again. */
function heard({ messages = [] }: NodeRecord, sandbox: Sandbox | undefined): Pick<NodeRecord, 'messages'> {
  const applied = sandbox?.status?.appliedMessages ?? [];
  return applied.length === 0 ? {} : { messages: [...new Set([...messages, ...applied])] };
}

/** Whether the Task itself has made a Sandbox of the node, which was seen. */
export function hasRunHere(record: NodeRecord): boolean {
  return record.forkedFrom === undefined && hasRun(record);
}

/** Whether a Sandbox of the node was seen. */
export function hasRun({ sandboxUID, attempt = 0 }: NodeRecord): boolean {
  return sandboxUID !== undefined || attempt > 1;
}

/** Whether the node has ended for good. */
export function isEnded({ status }: NodeRecord): boolean {
  return isStepEnd(status);
}

/** Finds the record of a node that has ended, by the id of the node: all that the unfolding of a graph asks about. */
export function endedAmong(records: readonly NodeRecord[]): (node: string) => NodeRecord | undefined {
  const ended = new Map(records.filter(isEnded).map((record) => [record.node, record]));
  return (node) => ended.get(node);
}

/** The node's answer; empty before there is one. */
export function valueOf(record: NodeRecord | undefined): string {
  const value = record?.result?.['value'];
  return typeof value === 'string' ? value : '';
}

/** The answer of a node in full: its Sandbox has it, the record a copy that may be cut. */
export function wholeAnswer(record: NodeRecord | undefined, sandboxes: readonly Sandbox[]): string {
  const uid = record?.status === 'COMPLETED' ? record.sandboxUID : undefined;
  const sandbox = sandboxes.find(({ metadata }) => uid !== undefined && metadata.uid === uid);
  return sandbox?.status?.result?.value ?? valueOf(record);
}

/** The result of a Sandbox as the status of its Task repeats it: a status has several of them. */
function statusResult(
  { status }: Sandbox,
  { answerBytes, outputBytes, warningBytes }: StatusRoom,
): SandboxResult | undefined {
  const result = status?.result;
  if (result === undefined) return undefined;
  const { value, warnings } = result;
  const cut = {
    ...(value === undefined ? {} : { value: cutAnswerToJson(value, answerBytes) }),
    ...(warnings === undefined ? {} : { warnings: firstWarnings(warnings, warningBytes) }),
  };
  const bytes = jsonBytes(result.output);
  if (bytes <= outputBytes) return { ...result, ...cut };
  const words = `The output has ${bytes} bytes and is left out: the status has no room for it.`;
  return { ...withoutOutput(result), ...cut, warnings: [words, ...(cut.warnings ?? [])] };
}

/** Nobody decides by the output of an end that is past. */
function withoutOutput<R extends Pick<SandboxResult, 'output'>>(result: R): Omit<R, 'output'> {
  const { output: _, ...rest } = result;
  return rest;
}
