import { refusePastApprovers } from '../../registry/approvals/guarded-approval.ts';
import { badRequest, StatusError } from '../../machinery/status-error.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { isFinalTaskStatus } from '../../types/tasks/task.ts';
import { replyJson, replyObject } from '../answer/reply.ts';
import type { ResourcePath } from '../request/resource-path.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';
import { readWritten } from '../request/written-object.ts';
import { checkReferences } from './references.ts';
import { readManifest, replaceObject } from './replace-object.ts';
import type { Manifest } from './replace-object.ts';
import { decideApproval } from './approval-decision.ts';
import { approvalActionOf, taskActionOf } from './rest-path.ts';
import type { TaskAction } from './rest-path.ts';
import { bringsZip, createFromZip, replacePackage } from './skill-upload.ts';

/**
 * The writes of `/api/v1/namespaces/NS/PLURAL` that differ from those of the API proper. Reads are the same: a list or
 * an object in JSON is what these clients expect.
 */
export async function handleCompatible(request: ResourceRequest): Promise<Response | undefined> {
  const { method } = request.c.req;
  const { name, subresource } = request.place;
  const action = taskActionOf(request.place);
  if (action !== undefined && method === 'POST') return changeTask(request, action);
  const decision = approvalActionOf(request.place);
  if (decision !== undefined && method === 'POST') return decideApproval(request, decision);
  if (isPackage(request.place) && method === 'PUT') return replacePackage(request);
  if (subresource !== '') return undefined;
  if (method === 'POST' && name === '') {
    return isOfSkills(request.place) && bringsZip(request) ? createFromZip(request) : create(request);
  }
  if (method === 'PUT' && name !== '') return replace(request);
  if (method === 'DELETE' && name !== '') return remove(request);
  return undefined;
}

const isOfSkills = ({ plural }: ResourcePath): boolean => plural === 'skills';
const isPackage = (place: ResourcePath): boolean => isOfSkills(place) && place.subresource === 'package';

async function manifestOf({ c, resource, place }: ResourceRequest): Promise<Manifest> {
  const { value } = await readWritten(c, { kind: resource.kind, protobuf: false });
  return readManifest(value, resource, place.namespace);
}

/** First without an effect: whether the user may use what is named is judged before anybody looks whether it is there. */
async function create(request: ResourceRequest): Promise<Response> {
  const { resource, options, place } = request;
  const { registry } = options;
  const { namespace } = place;
  const { object } = await manifestOf(request);
  const write = writeOptions(request, 'CreateOptions');
  const asked = { resource, namespace, body: object, ...write };
  await registry.create({ ...asked, dryRun: true });
  await checkReferences(registry, { resource, namespace, object, user: write.user });
  const created = await registry.create(asked);
  return replyObject(request.c, created.object.object, { status: 201 });
}

async function replace(request: ResourceRequest): Promise<Response> {
  const { object, name } = await manifestOf(request);
  const target = targetOf(request);
  if (name !== target.name) throw badRequest(`metadata.name must be ${target.name}, as the path has it`);
  const write = writeOptions(request, 'UpdateOptions');
  const written = await replaceObject(request.options.registry, { target, object, ...write });
  return replyObject(request.c, written.object.object);
}

async function remove(request: ResourceRequest): Promise<Response> {
  const target = targetOf(request);
  const { user, dryRun } = writeOptions(request, 'DeleteOptions');
  const { gone, object } = await request.options.registry.delete({ target, user, dryRun });
  request.c.var.audited?.responseObject(() => object.object);
  const { kind } = target.resource;
  return replyJson({
    message: gone ? `${kind} '${target.name}' deleted` : `${kind} '${target.name}' is being deleted`,
  });
}

/** Cancels a Task, or lets it go on behind the stage that waits for a person. Answers the Task. */
async function changeTask(request: ResourceRequest, action: TaskAction): Promise<Response> {
  const { registry } = request.options;
  const target = targetOf(request);
  const write = writeOptions(request, 'PatchOptions');
  const { object } = await registry.get({ target, user: write.user });
  if (action === 'confirm') {
    const isStage = ({ purpose }: { purpose: string }): boolean => purpose === 'Stage';
    await refusePastApprovers(registry, { task: object, user: write.user }, isStage);
  }
  const spec = action === 'cancel' ? cancelled(object) : { currentStage: nextStage(object) };
  request.c.var.audited?.requestObject({ spec });
  const patched = await registry.patch({ target, type: 'merge', body: { spec }, ...write });
  return replyObject(request.c, patched.object.object);
}

/** @throws StatusError Conflict where nothing is left to stop */
function cancelled(task: { [field: string]: unknown }): { cancel: true } {
  const { status } = fieldsOf(task['status']);
  if (typeof status === 'string' && isFinalTaskStatus(status)) {
    throw new StatusError('Conflict', `the Task has finished: ${status}`);
  }
  return { cancel: true };
}

/** @throws StatusError Conflict where no stage waits */
function nextStage(task: { [field: string]: unknown }): number {
  const status = fieldsOf(task['status']);
  if (status['status'] !== 'PENDING_CONFIRMATION') {
    throw new StatusError('Conflict', 'the Task does not wait for a confirmation');
  }
  if (Array.isArray(status['questions']) && status['questions'].length > 0) {
    throw new StatusError('Conflict', 'the Task asks questions; answer them at its subresource answers');
  }
  const steps = Array.isArray(status['subTasks']) ? status['subTasks'] : [];
  const done = steps.filter((step) => fieldsOf(step)['status'] === 'COMPLETED').length;
  const { currentStage } = fieldsOf(task['spec']);
  return Math.max(done, typeof currentStage === 'number' ? currentStage + 1 : 1);
}
