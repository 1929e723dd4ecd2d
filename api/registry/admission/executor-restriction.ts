import { executorOf } from '../../authorization/executor/executor-identity.ts';
import { RESOURCES } from '../../authorization/executor/needed-objects.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import { EXECUTOR_LABEL_PREFIX } from '../../types/executor.ts';
import { SANDBOX_FINALIZER } from '../../types/sandboxes/sandbox.ts';
import { storageResource } from '../resource.ts';
import { translated } from '../storage-failure.ts';
import type { AdmissionRequest, ValidatingPlugin } from './admission.ts';
import { forbiddenRequest } from './forbidden-request.ts';

/**
 * Limits the writes within the rights of executor managers (authorization/executor/executor-authorizer.ts) to an
 * Executor of their own name with labels of their own, Events about their own Sandboxes, and nothing of a Sandbox but its
 * status and that they are done with it (kubernetes plugin/pkg/admission/noderestriction).
 */
export function executorRestriction(store: Pick<ObjectStore, 'get'>): ValidatingPlugin {
  return {
    name: 'ExecutorRestriction',
    validate(request) {
      const executor = executorOf(request.user);
      if (executor === undefined || request.operation === 'DELETE') return undefined;
      switch (storageResource(request.resource)) {
        case 'executors.agent.wecode.io':
          return checkExecutor(request, executor);
        case RESOURCES.sandboxes:
          return checkSandbox(request, executor);
        case 'events':
          return checkEvent(store, request, executor);
        default:
          return undefined;
      }
    },
  };
}

/** @throws StatusError Forbidden */
function checkExecutor(request: AdmissionRequest, executor: string): void {
  const why = (what: string): Error =>
    forbiddenRequest(request, `executor "${executor}" is not allowed to ${what}`);
  if (request.name !== executor) throw why(`modify executor "${request.name}"`);
  if (request.subresource !== undefined || request.object === undefined) return;
  const { object } = request;
  const before = request.operation === 'UPDATE' ? request.previous : unplanned(object);
  if (!deepEqual(othersLabels(object), othersLabels(before)))
    throw why(`set labels that do not begin with ${EXECUTOR_LABEL_PREFIX}`);
  if (!deepEqual(theRest(object, 'labels'), theRest(before, 'labels')))
    throw why('change anything but its own labels');
}

/** An Executor as its manager may make it: where people say nothing, it has the defaults. */
function unplanned({ metadata, ...object }: Unstructured): Unstructured {
  const {
    labels: _labels,
    annotations: _notes,
    finalizers: _kept,
    ownerReferences: _owners,
    ...own
  } = metadata;
  return { ...object, metadata: own, spec: UNPLANNED_SPEC };
}

/** The defaults of crds/executors.yaml. */
const UNPLANNED_SPEC = { unschedulable: false, priority: 0 };

function othersLabels({ metadata: { labels = {} } }: Unstructured): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith(EXECUTOR_LABEL_PREFIX)));
}

/** @throws StatusError Forbidden */
function checkSandbox(request: AdmissionRequest, executor: string): void {
  if (request.operation !== 'UPDATE' || request.subresource !== undefined) return;
  const { object, previous } = request;
  const kept = object.metadata.finalizers ?? [];
  const before = previous.metadata.finalizers ?? [];
  const isRelease = deepEqual(
    kept,
    before.filter((one) => one !== SANDBOX_FINALIZER),
  );
  if (
    (isRelease || deepEqual(kept, before)) &&
    deepEqual(theRest(object, 'finalizers'), theRest(previous, 'finalizers'))
  )
    return;
  const why = `executor "${executor}" may take its finalizer from a Sandbox and change nothing else of it`;
  throw forbiddenRequest(request, why);
}

/** Without what a release changes, or labels do. */
function theRest({ metadata, ...fields }: Unstructured, part: 'finalizers' | 'labels'): object {
  const { managedFields: _managers, resourceVersion: _version, generation: _generation, ...rest } = metadata;
  const { [part]: _part, ...others } = rest;
  return { ...fields, metadata: others };
}

/** @throws StatusError Forbidden */
async function checkEvent(
  store: Pick<ObjectStore, 'get'>,
  request: AdmissionRequest,
  executor: string,
): Promise<void> {
  if (request.object === undefined) return;
  const { kind, namespace, name, uid } = fieldsOf(
    request.object['involvedObject'] ?? request.object['regarding'],
  );
  const key = { resource: RESOURCES.sandboxes, namespace: textOf(namespace), name: textOf(name) };
  const at = { resource: { group: '', plural: key.resource } };
  const found = kind === 'Sandbox' ? await translated(store.get(key), at) : undefined;
  const isOwn = fieldsOf(found?.object['spec'])['executorName'] === executor;
  if (isOwn && found?.object.metadata.uid === uid) return;
  throw forbiddenRequest(
    request,
    `executor "${executor}" may only tell about Sandboxes that are bound to it`,
  );
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
