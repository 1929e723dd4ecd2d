import { createHash } from 'node:crypto';
import { formatTime } from '#api/machinery/clock';
import type { Task, TaskRetryPolicy } from '#api/types/generated/task';
import { isLoss } from '#api/types/sandboxes/sandbox';
import type { PlannedNode } from '../graph/graph.ts';
import { countedAttempts } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';

/** The default of the CRD, for Tasks stored before it was there. */
const DEFAULT_MAX_ATTEMPTS = 3;
/** Seconds: a service that is busy is asked again in peace; an Executor that is lost has left its place to others. */
const DEFAULT_DELAY = 10;
const DEFAULT_FACTOR = 2;
const DEFAULT_MAX_DELAY = 300;
/** As of wait.Jitter in client-go: up to a fifth is added. */
const JITTER = 0.2;

/** A run that has ended without success. */
export interface FailedRun {
  reason: string;
  /** When it ended; RFC 3339. */
  endedAt: string;
}

/** Whether the policy of the Task allows another attempt after such an end. */
export function isRetried({ spec }: Task, reason: string): boolean {
  if (isOutside(reason)) return true;
  const reasons: readonly string[] = spec.retryPolicy?.reasons ?? [];
  return reasons.includes(reason) || (reasons.includes('*') && !OF_BUDGETS.has(reason));
}

/** Of a run whose Sandbox somebody has deleted. */
export const SANDBOX_DELETED = 'SandboxDeleted';

/** Whether the run ended for a reason outside the agent. */
const isOutside = (reason: string): boolean => isLoss(reason) || reason === SANDBOX_DELETED;

/** Another attempt would spend what nobody wants to spend. */
const OF_BUDGETS: ReadonlySet<string> = new Set(['CostLimit', 'TokenLimit']);

/** How often the node is started at most, answers of people aside. */
export function mostAttempts(node: PlannedNode, { spec }: Task): number {
  return node.policy.maxAttempts ?? spec.retryPolicy?.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
}

/**
 * When the next attempt starts; RFC 3339. Exponential, with a jitter that is the same for everybody who works it out.
 * @param record of the attempt that has failed
 */
export function retryTime(task: Task, record: NodeRecord, { reason, endedAt }: FailedRun): string {
  const { retryPolicy = {} } = task.spec;
  const seconds = delaySeconds(retryPolicy, countedAttempts(record), reason);
  const key = `${task.metadata.uid ?? ''}/${record.node}/${record.attempt ?? 1}`;
  return formatTime(Date.parse(endedAt) + 1000 * seconds * (1 + JITTER * fraction(key)));
}

function delaySeconds(policy: TaskRetryPolicy, failures: number, reason: string): number {
  const { initialDelaySeconds = isOutside(reason) ? 0 : DEFAULT_DELAY } = policy;
  const { factor = DEFAULT_FACTOR, maxDelaySeconds = DEFAULT_MAX_DELAY } = policy;
  return Math.min(maxDelaySeconds, initialDelaySeconds * factor ** Math.max(0, failures - 1));
}

/** A number from 0 to 1 that follows from the text. */
const fraction = (text: string): number =>
  createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
