import { formatTime } from '../../machinery/clock.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { trackUpdate } from '../../structured-merge/field-manager.ts';
import { runMutating, runValidating } from '../admission/admission.ts';
import type { WriteAdmission } from '../admission/admission.ts';
import type { RegistryContext } from '../context.ts';
import { unquoted } from '../masks/unquoted.ts';
import type { Subresource, WriteOptions, WriteResult } from '../requests.ts';
import type { Target } from '../resource.ts';
import { isScaleManaged } from '../scale-object.ts';
import { strategyOf } from '../strategies/strategies.ts';
import { commitUpdate } from './commit-update.ts';
import type { Current } from './current-object.ts';
import type { Decoded } from './decode.ts';
import { managedWrite } from './field-management.ts';
import { insertNamed, refuseTerminating } from './insert-named.ts';
import { withoutDuplicateOwners } from './owner-references.ts';
import { prepareForCreate, prepareForUpdate } from './prepare.ts';
import { validateWrite, writeWarnings } from './validate-write.ts';

/**
 * The way of every write from a decoded object to the store: create, update, patch and apply, of an object and of its
 * subresources. The verbs work out the object that the client asks for, and hand it over here. The stages and their
 * order are those of kube-apiserver:
 *
 *  1. decode, prune and default the object, drop duplicate owners          handlers/{create,update,patch}.go; decode.ts
 *  2. track who manages its fields; an apply has done so by merging        the same; field-management.ts
 *  3. mutating admission, and drop duplicate owners again                  the same; admission/
 *  4. name a new object; set what only the server sets                     registry/store.go, rest BeforeCreate and
 *                                                                          BeforeUpdate; prepare.ts
 *  5. validate it, gather warnings, bring it into its normal form          rest BeforeCreate and BeforeUpdate;
 *                                                                          validate-write.ts
 *  6. validating admission                                                 registry/store.go Create and Update
 *  7. commit: nothing for a dry run or when nothing changes; a removal     registry/store.go; insert-named.ts,
 *     when the last finalizer of a deleted object goes                     commit-update.ts
 *
 * (Paths are below apiserver/pkg/endpoints and apiserver/pkg/registry of Kubernetes 1.37.) Fields that stages 4 and 5
 * set belong to nobody; fields that the kind resets in stage 4 are left out in stage 2 (`resetFields`). One check comes
 * earlier than upstream: the verbs compare resourceVersion and uid before stage 2, so a stale write costs little.
 */
export interface ObjectWrite {
  /** `name` is '' for a new object whose name is to be generated. */
  target: Target;
  subresource?: Subresource | undefined;
  options: WriteOptions;
  /** Absent for a create. */
  current?: Current | undefined;
  /** After stage 1. */
  decoded: Decoded;
  /** An apply: managedFields of the object are as they are to be. */
  isApplied?: boolean;
}

/**
 * @returns undefined when another write came first: the caller looks at the newest object and tries again
 * @throws StatusError Invalid; Forbidden and NotFound from admission; AlreadyExists; RequestEntityTooLarge
 */
export async function writeObject(
  context: RegistryContext,
  write: ObjectWrite,
): Promise<WriteResult | undefined> {
  try {
    return await goThroughStages(context, write);
  } catch (error) {
    const { target, decoded, current } = write;
    throw unquoted(error, { resource: target.resource, objects: [decoded.object, current?.object] });
  }
}

async function goThroughStages(
  context: RegistryContext,
  write: ObjectWrite,
): Promise<WriteResult | undefined> {
  const { resource } = write.target;
  if (write.current === undefined) refuseTerminating(resource, write.target.name);
  const tracked = trackManagers(context, write);
  const mutated = await runMutating(context.admission, admissionOf(write, tracked));
  const { metadata, warnings: ofOwners } = withoutDuplicateOwners(mutated.metadata);
  const asked = metadata === mutated.metadata ? mutated : { ...mutated, metadata };
  const written = await (write.current === undefined
    ? createNew(context, write, asked)
    : changeCurrent(context, { ...write, current: write.current }, asked));
  return written && { ...written, warnings: [...write.decoded.warnings, ...ofOwners, ...written.warnings] };
}

/** Stage 2. */
function trackManagers(context: RegistryContext, write: ObjectWrite): Unstructured {
  const { target, subresource, options, current, decoded } = write;
  const { resource } = target;
  const live = current?.object;
  if (write.isApplied === true) return decoded.object;
  if (subresource === 'scale' && live && !isScaleManaged(resource.scale, live)) return decoded.object;
  return trackUpdate({
    ...managedWrite(context, { resource, subresource, options, live }),
    next: decoded.object,
  });
}

/** Stages 4 to 7 of a create. */
async function createNew(
  context: RegistryContext,
  write: ObjectWrite,
  asked: Unstructured,
): Promise<WriteResult> {
  const { target, options } = write;
  const identity = { uid: context.newUID(), creationTimestamp: formatTime(context.clock.now()) };
  let warnings: string[] = [];
  const object = await insertNamed(context, {
    ...{ target, dryRun: options.dryRun, generateName: asked.metadata.generateName },
    make: async (name) => {
      const prepared = prepareForCreate(target.resource, asked, { ...identity, name });
      const valid = await validated(context, write, prepared);
      ({ warnings } = valid);
      return valid.object;
    },
  });
  return { object, created: true, warnings };
}

/** Stages 4 to 7 of a change. */
async function changeCurrent(
  context: RegistryContext,
  write: ObjectWrite & { current: Current },
  asked: Unstructured,
): Promise<WriteResult | undefined> {
  const { target, subresource, current, options } = write;
  const { resource } = target;
  const prepared = prepareForUpdate({ resource, subresource, previous: current.object }, asked);
  const { object: next, warnings } = await validated(context, write, prepared);
  const object = await commitUpdate(context, { target, dryRun: options.dryRun, current, next });
  return object && { object, warnings };
}

/** Stages 5 and 6: the object as it is to be stored. @throws StatusError */
async function validated(
  context: RegistryContext,
  write: ObjectWrite,
  prepared: Unstructured,
): Promise<{ object: Unstructured; warnings: string[] }> {
  const { resource } = write.target;
  const previous = write.current?.object;
  validateWrite(resource, prepared, previous);
  const warnings = writeWarnings(resource, prepared, previous);
  const object = strategyOf(resource).canonicalize?.(prepared) ?? prepared;
  await runValidating(context.admission, admissionOf(write, object));
  return { object, warnings };
}

/** The name is that of the object as soon as it has one. */
function admissionOf(write: ObjectWrite, object: Unstructured): WriteAdmission {
  const { target, subresource, options, current } = write;
  const attributes = {
    ...target,
    name: object.metadata.name,
    subresource,
    user: options.user,
    dryRun: options.dryRun,
  };
  return current === undefined
    ? { ...attributes, operation: 'CREATE', object, previous: undefined }
    : { ...attributes, operation: 'UPDATE', object, previous: current.object };
}
