import { formatApiVersion } from '../machinery/group-version-kind.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { badRequest, invalid, notFound } from '../machinery/status-error.ts';
import { invalidValue } from '../structural-schema/field-error.ts';
import type { ScalePaths } from '../schema/resource-definition.ts';
import { fieldsOf } from '../machinery/json/json.ts';
import { shownObject } from './reading/api-object.ts';
import type { ApiObject } from './reading/api-object.ts';
import { applyTo } from './apply.ts';
import { applyPatch } from './patches/apply-patch.ts';
import type { RegistryContext } from './context.ts';
import { currentObject } from './write/current-object.ts';
import type { Current } from './write/current-object.ts';
import { getObject } from './get.ts';
import { untilWritten } from './write/commit-update.ts';
import { writeObject } from './write/write-path.ts';
import type { PatchRequest, UpdateRequest, WriteResult } from './requests.ts';
import type { Target } from './resource.ts';
import { MAX_INT32, scaleOf, withReplicas } from './scale-object.ts';
import { checkIdentity, checkName } from './write/write-target.ts';

/** `/scale` of an object, which only ever changes its number of replicas (customresource/etcd.go ScaleREST). */

const SCALE = { group: 'autoscaling', kind: 'Scale' };

/** @throws StatusError NotFound, also for a kind without `/scale`; Invalid where no number of replicas is set */
export async function getScale(context: RegistryContext, target: Target): Promise<ApiObject> {
  const paths = scalePaths(target);
  const { object } = await getObject(context, target);
  const scale = scaleOf(object, paths);
  if (fieldsOf(scale['spec'])['replicas'] !== undefined) return shownScale(scale);
  // kube-apiserver answers 500 here. Clients try that again, and take NotFound for an object that is gone.
  throw invalid(SCALE, target.name, [
    {
      reason: 'FieldValueRequired',
      field: 'spec.replicas',
      message: `Required value: the spec replicas field "${paths.specReplicasPath}" does not exist`,
    },
  ]);
}

export function updateScale(context: RegistryContext, request: UpdateRequest): Promise<WriteResult> {
  const { target } = request;
  const paths = scalePaths(target);
  const scale = checkedScale(target, request.body);
  const replicas = replicasOf(target, scale) ?? 0;
  return untilWritten(async () => {
    const current = await currentObject(context, target);
    checkIdentity(target, scale.metadata, current);
    return writeScale(context, request, {
      current,
      candidate: withReplicas(current.object, paths, replicas),
    });
  });
}

export function patchScale(context: RegistryContext, request: PatchRequest): Promise<WriteResult> {
  const { target } = request;
  const paths = scalePaths(target);
  if (request.type === 'apply') return applyScale(context, request);
  return untilWritten(async () => {
    const current = await currentObject(context, target);
    const scale = checkedScale(target, applyPatch(request, scaleOf(current.object, paths)));
    checkIdentity(target, scale.metadata, current);
    const replicas = replicasOf(target, scale);
    if (replicas === undefined) {
      throw badRequest(`the spec replicas field "${paths.specReplicasPath}" cannot be empty`);
    }
    return writeScale(context, request, {
      current,
      candidate: withReplicas(current.object, paths, replicas),
    });
  });
}

/** An applied Scale is one of the fields of the object (managedfields/scalehandler.go maps them). */
function applyScale(context: RegistryContext, request: PatchRequest): Promise<WriteResult> {
  const { target } = request;
  const paths = scalePaths(target);
  const scale = checkedScale(target, request.body);
  if ((scale.metadata.managedFields ?? []).length > 0) throw badRequest('metadata.managedFields must be nil');
  const replicas = replicasOf(target, scale);
  const apiVersion = formatApiVersion(target.resource);
  const bare = { apiVersion, kind: target.resource.kind, metadata: { name: target.name } };
  const configuration = replicas === undefined ? bare : withReplicas(bare, paths, replicas);
  return untilWritten(async () => {
    const current = await currentObject(context, target);
    checkIdentity(target, scale.metadata, current);
    const merged = applyTo(context, request, { live: current.object, configuration });
    const candidate = target.resource.compiled.applyDefaults(merged);
    return writeScale(context, request, { current, candidate, isApplied: true });
  });
}

interface ScaleWrite {
  current: Current;
  candidate: Unstructured;
  isApplied?: boolean;
}

async function writeScale(
  context: RegistryContext,
  request: PatchRequest | UpdateRequest,
  write: ScaleWrite,
): Promise<WriteResult | undefined> {
  const { target } = request;
  const { candidate, ...rest } = write;
  const decoded = { object: candidate, warnings: [] };
  const whole = { target, subresource: 'scale', options: request, decoded, ...rest } as const;
  const written = await writeObject(context, whole);
  if (written === undefined) return undefined;
  const { object } = written.object;
  return { ...written, object: shownScale(scaleOf(object, scalePaths(target))) };
}

/** Go's omitempty: no replicas wanted is no field at all. */
function shownScale(scale: Unstructured): ApiObject {
  return shownObject(fieldsOf(scale['spec'])['replicas'] === 0 ? { ...scale, spec: {} } : scale);
}

function scalePaths({ resource, name }: Target): ScalePaths {
  if (resource.scale === undefined) throw notFound(resource, name);
  return resource.scale;
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** A body as a Scale. */
function checkedScale({ namespace, name }: Target, body: unknown): Unstructured {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('the object provided is unrecognized (must be of type Scale)');
  }
  const { kind = 'Scale', apiVersion = 'autoscaling/v1', metadata } = body as Record<string, unknown>;
  if (kind !== 'Scale' || apiVersion !== 'autoscaling/v1') {
    throw badRequest(
      'the object provided is unrecognized: a body of /scale must be of the kind Scale, autoscaling/v1',
    );
  }
  const given = { ...fieldsOf(metadata) };
  checkName(typeof given['name'] === 'string' ? given['name'] : '', name);
  if (isSet(given['namespace']) && given['namespace'] !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return { ...body, kind, apiVersion, metadata: { ...given, name } };
}

function replicasOf({ name }: Target, scale: Unstructured): number | undefined {
  const value = fieldsOf(scale['spec'])['replicas'] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) > MAX_INT32) {
    throw badRequest(
      'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32',
    );
  }
  if (value >= 0) return value;
  throw invalid(SCALE, name, [invalidValue('spec.replicas', value, 'must be greater than or equal to 0')]);
}
