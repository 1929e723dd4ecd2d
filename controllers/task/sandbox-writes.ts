import type { Client } from '#api/client/client';
import type { Clock } from '#api/machinery/clock';
import { refOf } from '#api/machinery/resource-type';
import { conflict, ignoreNotFound, isStatusError } from '#api/machinery/status-error';
import type { StatusError } from '#api/machinery/status-error';
import type { Tracer } from '#api/machinery/tracing/tracer';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import { SANDBOXES } from '#api/types/resources';
import { traceAnnotations, traceOf } from '#api/types/trace';
import type { EventSink } from '../runtime/controller-context.ts';
import type { CreatedSandboxes } from './created-sandboxes.ts';
import type { ToldSandbox } from './plan/plan.ts';
import type { OverSandbox } from './plan/settle.ts';
import type { RescheduledSandbox } from './sandbox/rescheduling.ts';
import { stepStarted } from './status/events.ts';

/** The writes of Sandboxes that a plan asks for. */

interface Context {
  tracer: Tracer;
  clock: Pick<Clock, 'now'>;
  client: Pick<Client, 'create' | 'find' | 'get' | 'patch'>;
  created: CreatedSandboxes;
  recorder: EventSink;
}

/** @throws StatusError Conflict (try again quietly) while a Sandbox is there that the cache lacks. */
export async function requireOver(
  { client }: Context,
  task: Task,
  { name, ended }: OverSandbox,
): Promise<void> {
  const found = await client.find(SANDBOXES, refOf(task, name));
  if (found === undefined || found.metadata.uid === ended) return;
  // One of another Task is dealt with when its name is needed.
  if (found.spec.taskRef?.uid !== task.metadata.uid) return;
  throw conflict(SANDBOXES, name, 'it is still there; the cache lags behind');
}

export async function cancelSandbox({ client }: Context, sandbox: Sandbox): Promise<void> {
  const patch = { type: 'merge', body: { spec: { cancel: true } } } as const;
  await ignoreNotFound(client.patch(SANDBOXES, refOf(sandbox), patch));
}

/** Words are only added, so that an old cache takes none away: the list is checked against the version it was made from. */
export async function tellSandbox(
  { client }: Context,
  { sandbox, answers, messages }: ToldSandbox,
): Promise<void> {
  const { resourceVersion } = sandbox.metadata;
  const spec = { ...(answers && { answers: [...answers] }), ...(messages && { messages: [...messages] }) };
  const body = { metadata: { resourceVersion }, spec };
  await ignoreNotFound(client.patch(SANDBOXES, refOf(sandbox), { type: 'merge', body }));
}

/** Checked against the version that waits: one that was bound meanwhile keeps its fields. */
export async function rescheduleSandbox(
  { client }: Context,
  { sandbox, fields }: RescheduledSandbox,
): Promise<void> {
  const body = { metadata: { resourceVersion: sandbox.metadata.resourceVersion }, spec: fields };
  await ignoreNotFound(client.patch(SANDBOXES, refOf(sandbox), { type: 'merge', body }));
}

/** Creates a Sandbox. @returns the error of a server that does not take it; undefined when the Sandbox is there */
export async function createSandbox(
  context: Context,
  task: Task,
  sandbox: Sandbox,
): Promise<StatusError | undefined> {
  context.created.expect(sandbox);
  try {
    context.created.made(await context.client.create(SANDBOXES, traced(context, task, sandbox)));
    context.recorder.event(task, stepStarted(sandbox));
  } catch (error) {
    context.created.forget(sandbox);
    if (isRejection(error)) return error;
    if (!isStatusError(error, 'AlreadyExists')) throw error;
    await requireOwn(context, task, sandbox.metadata.name);
  }
  return undefined;
}

/** Created by another controller, or by this one before the cache knew: all is well. */
async function requireOwn({ client }: Context, task: Task, name: string): Promise<void> {
  const found = await client.get(SANDBOXES, refOf(task, name));
  if (found.spec.taskRef?.uid === task.metadata.uid) return;
  throw new Error(`Sandbox ${name} exists already and belongs to another Task; waiting until it is gone`);
}

/** Whether the server does not take an object, however often it is asked. */
export function isRejection(error: unknown): error is StatusError {
  return isStatusError(error, 'Invalid') || isStatusError(error, 'RequestEntityTooLarge');
}

/** The executor manager records what happens in the Sandbox as a part of the span of its Task. */
function traced({ tracer, clock }: Context, task: Task, sandbox: Sandbox): Sandbox {
  const trace = traceOf(task, tracer);
  if (trace === undefined) return sandbox;
  const { metadata } = sandbox;
  const annotations = { ...metadata.annotations, ...traceAnnotations(trace.own, clock.now()) };
  return { ...sandbox, metadata: { ...metadata, annotations } };
}
