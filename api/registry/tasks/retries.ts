import { randomUUID } from 'node:crypto';
import { fieldsOf } from '../../machinery/json/json.ts';
import { alreadyExists, conflict, invalid } from '../../machinery/status-error.ts';
import { requiredValue } from '../../structural-schema/field-error.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import type { Task } from '../../types/generated/task.ts';
import { isAtRest } from '../../types/tasks/task.ts';
import type { Registry } from '../registry.ts';
import type { WriteOptions, WriteResult } from '../requests.ts';
import type { Target } from '../resource.ts';
import { retryOnConflict } from '../write/retry-on-conflict.ts';
import { givenTexts } from './given-texts.ts';
import { unknownNode } from './unknown-node.ts';

export interface RetryRequest extends WriteOptions {
  target: Target;
  /** `{node?, id?}` */
  body: unknown;
}

/**
 * Asks a Task that has ended to run one of its steps again, with all that needed it; without a node all that have failed
 * or were cancelled. A second request with the id of the first changes nothing.
 * @throws StatusError BadRequest; Invalid for a node that the Task has not, or where nothing has failed; AlreadyExists for
 * an id that stands for another node; Conflict for a Task that has not ended or is being deleted, and when too many write
 * at once; NotFound
 */
export async function retryTask(
  registry: Pick<Registry, 'get' | 'update'>,
  { target, body, ...options }: RetryRequest,
): Promise<WriteResult> {
  const { id = randomUUID(), node } = readRetry(body);
  return await retryOnConflict(async () => {
    const found = await registry.get({ target, user: options.user });
    const task = found.object as Unstructured & Task;
    const retries = task.spec.retries ?? [];
    const known = retries.find((one) => one.id === id);
    if (known !== undefined && known.node === node) return { object: found, warnings: [] };
    if (known !== undefined) throw alreadyExists({ group: '', plural: 'retries' }, id);
    checkEnded(task, target);
    const causes = problemsOf(task, node);
    if (causes.length > 0)
      throw invalid({ group: 'agent.wecode.io', kind: 'TaskRetry' }, target.name, causes);
    const retry = { id, ...(node === undefined ? {} : { node }) };
    const spec = { ...task.spec, retries: [...retries, retry], cancel: false };
    return await registry.update({ ...options, target, body: { ...task, spec } });
  });
}

function readRetry(body: unknown): { id?: string; node?: string } {
  const { id, node } = fieldsOf(body);
  return givenTexts({ id, node });
}

function checkEnded(task: Task, { resource, name }: Target): void {
  if (task.metadata.deletionTimestamp !== undefined)
    throw conflict(resource, name, 'the Task is being deleted');
  if (isAtRest(task)) return;
  throw conflict(resource, name, `the Task has not finished: ${task.status?.status ?? 'PENDING'}`);
}

function problemsOf({ status }: Task, node: string | undefined): StatusCause[] {
  const records = status?.subTasks ?? [];
  const nodes = records.flatMap((record) => record.node ?? []);
  if (node !== undefined) return nodes.includes(node) ? [] : [unknownNode('node', node, records)];
  const isAny = records.some(({ status: end }) => end === 'FAILED' || end === 'CANCELLED');
  return isAny ? [] : [requiredValue('node', 'no step has failed or was cancelled')];
}
