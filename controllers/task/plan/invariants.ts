import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '#api/machinery/condition';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import { isAtRest, isFinalTaskStatus } from '#api/types/tasks/task';
import { nextStates } from '#api/types/tasks/task-transitions';
import { isEnded, readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { mayRenew } from './renew.ts';

/** For tests of the plan: the promises that hold from one write of a Task to the next, whatever happened in between. */

/** Sentences about what is wrong. */
export function brokenByWrite(before: Task, after: Task): string[] {
  const [from, to] = [before.status, after.status];
  if (from === to) return [];
  const next = nextStates(from?.status, !isAtRest(before));
  const isAllowed = next === undefined || next.includes(to?.status ?? '');
  const isBegunAgain = isFinalTaskStatus(from?.status);
  return [
    ...(isAllowed ? [] : [`${from?.status ?? ''} became ${to?.status ?? ''}`]),
    ...(isBegunAgain || (to?.progress ?? 0) >= (from?.progress ?? 0) ? [] : ['progress went back']),
    ...brokenRecords(readRecords(from), readRecords(to), mayRenew(before)),
    // Nodes that followed from a step that runs again are known only when it has ended again.
    ...((after.spec.retries ?? []).length > 0 ? [] : brokenOrder(readRecords(from), readRecords(to))),
    ...withoutReason(after),
  ];
}

/** `renews`: people want steps that have ended to run again. */
function brokenRecords(
  before: readonly NodeRecord[],
  after: readonly NodeRecord[],
  renews: boolean,
): string[] {
  const now = new Map(after.map((record) => [record.node, record]));
  return before.flatMap((record) => {
    const { node } = record;
    const next = now.get(node);
    if (next === undefined) return [`the record of ${node} is gone`];
    if (!renews && isEnded(record) && !isDeepStrictEqual(record, asBefore(record, next)))
      return [`the record of ${node} changed after its end`];
    if ((next.attempt ?? 0) < (record.attempt ?? 0)) return [`the attempts at ${node} went back`];
    return (next.attempt ?? 0) > (record.attempt ?? 0) + 1 ? [`an attempt at ${node} was left out`] : [];
  });
}

/** A decision of people about the end of a run is noted once. */
function asBefore({ stage, updatedAt }: NodeRecord, next: NodeRecord): NodeRecord {
  const { stage: _, updatedAt: __, ...rest } = next;
  const isNoted = stage === undefined && next.stage?.attempt === next.attempt;
  return isNoted ? { ...rest, ...(updatedAt === undefined ? {} : { updatedAt }) } : next;
}

function brokenOrder(before: readonly NodeRecord[], after: readonly NodeRecord[]): string[] {
  const nodesIn = (records: readonly NodeRecord[], others: readonly NodeRecord[]): string[] => {
    const known = new Set(others.map(({ node }) => node));
    return records.flatMap(({ node }) => (known.has(node) ? [node] : []));
  };
  const isOrdered = isDeepStrictEqual(nodesIn(after, before), nodesIn(before, after));
  return isOrdered ? [] : ['the order of the records changed'];
}

/** No end and no wait without words that say why. */
function withoutReason({ status = {} }: Task): string[] {
  const { status: word, message = '', errorMessage = '' } = status;
  const silent = readRecords(status).filter(
    (record) =>
      (record.status === 'FAILED' && !record.errorMessage) ||
      (record.status === 'SKIPPED' && !record.message),
  );
  return [
    ...(message === '' ? ['the Task says nothing about how it stands'] : []),
    ...(word === 'FAILED' && errorMessage === '' ? ['the Task failed and does not say why'] : []),
    ...silent.map(({ node, status: end }) => `${node} is ${end ?? ''} and does not say why`),
  ];
}

/** The reasons of a Task at rest for which somebody outside, or a time, is waited for. */
const WAITS: ReadonlySet<string> = new Set([
  ...['Waiting', 'WaitingForConfirmation', 'WaitingForAnswer', 'UseForbidden', 'Suspended'],
]);

/** Of a Task about which all controllers know everything and have nothing to do: it has ended, works, or waits for something. */
export function stuck(
  task: Task,
  { sandboxes, wakeAt }: { sandboxes: readonly Sandbox[]; wakeAt?: string | undefined },
): string[] {
  if (isAtRest(task) || sandboxes.some(({ status }) => !isFinalPhase(status?.phase))) return [];
  const { reason = '', message = '' } = findCondition(task.status?.conditions, 'Finished') ?? {};
  if (!WAITS.has(reason)) return [`nothing runs, and the Task says ${reason}: ${message}`];
  const isTimed = / until | follows at /.test(message);
  return isTimed && wakeAt === undefined ? [`nobody is woken up for: ${message}`] : [];
}
