import { isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden } from '../../structural-schema/field-error.ts';
import { credentialFieldsOf } from '../../types/credentials/credential-fields.ts';
import { credentialsOf, isMask, withChanged } from '../../types/credentials/credential.ts';
import type { Credential, CredentialFields } from '../../types/credentials/credential.ts';
import { storageResource } from '../resource.ts';
import type { Resource } from '../resource.ts';
import { maskedObject } from './masked-view.ts';
import type { Masks } from './masks.ts';

export interface Unmasking {
  resource: Resource;
  /** The content that a client sends: an object, or a part of one that is applied. */
  given: Unstructured;
  /** The stored object; undefined for a create. */
  stored: Unstructured | undefined;
}

/**
 * Puts back the values that masks stand for: a client that read a mask and writes it again keeps the value, by every way
 * of writing. Everything else that a client sends is a value of its own.
 * @throws StatusError Invalid for a mask of another value, one that was moved, and one where nothing is stored
 */
export function unmasked(masks: Masks, { resource, given, stored }: Unmasking): Unstructured {
  const fields = credentialFieldsOf(storageResource(resource));
  if (fields === undefined) return given;
  const { object, restored, causes } = withValues(masks, { fields, given, stored });
  causes.push(...shownCredentials(fields, object, restored), ...strayMasks(object['spec'], 'spec'));
  if (causes.length > 0) throw invalid(resource, given.metadata.name, causes);
  return stored === undefined ? object : withCopies(object, stored, maskedObject(masks, resource, stored));
}

interface Restored {
  object: Unstructured;
  /** The credentials that masks were replaced with. */
  restored: Credential[];
  causes: StatusCause[];
}

function withValues(
  masks: Masks,
  { fields, given, stored }: Omit<Unmasking, 'resource'> & { fields: CredentialFields<JsonObject> },
): Restored {
  const uid = stored?.metadata.uid ?? '';
  const known = storedCredentials(fields, stored);
  const restored: Credential[] = [];
  const causes: StatusCause[] = [];
  const object = fields(given, (credential) => {
    const { place, field, value: mask } = credential;
    if (!isMask(mask)) return mask;
    const found = known.get(place)?.find((one) => masks.isMaskOf(uid, one, mask as string));
    if (found === undefined) causes.push(forbidden(field, stored === undefined ? OF_NOTHING : OF_ANOTHER));
    else restored.push({ ...credential, value: found.value });
    return found?.value;
  }) as Unstructured;
  return { object, restored, causes };
}

const OF_NOTHING =
  'is the mask of a credential, and there is no value that it could stand for: give the value itself';
const OF_ANOTHER =
  'is the mask of another credential than the one that is stored here: give the value itself, or read the object again ' +
  'and leave its mask as it is';
const SHOWN = 'is a credential that would be readable by all at this place: give the value itself';

function storedCredentials(
  fields: CredentialFields<JsonObject>,
  stored: Unstructured | undefined,
): Map<string, Credential[]> {
  return Map.groupBy(stored === undefined ? [] : credentialsOf(fields, stored), ({ place }) => place);
}

/** An argument counts as a credential by the one before it: whoever changes that one must not make it readable. */
function shownCredentials(
  fields: CredentialFields<JsonObject>,
  object: Unstructured,
  restored: readonly Credential[],
): StatusCause[] {
  const hidden = new Set(credentialsOf(fields, object).map(({ field }) => field));
  return restored.filter(({ field }) => !hidden.has(field)).map(({ field }) => forbidden(field, SHOWN));
}

/** Masks where no credential may stand: one that was moved there would be stored as a text that means nothing. */
function strayMasks(value: unknown, field: string): StatusCause[] {
  if (isMask(value)) return [forbidden(field, 'is the mask of a credential, which cannot be moved')];
  if (Array.isArray(value)) return value.flatMap((item, index) => strayMasks(item, `${field}[${index}]`));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, one]) => strayMasks(one, `${field}.${name}`));
}

/**
 * A copy of the object in an annotation stays as it is stored where the client leaves it as it saw it. In any other text
 * a mask is a text: nobody takes a value from there.
 */
function withCopies(object: Unstructured, stored: Unstructured, seen: Unstructured): Unstructured {
  const { annotations } = object.metadata;
  const before = stored.metadata.annotations ?? {};
  const shown = seen.metadata.annotations ?? {};
  if (!isJsonObject(annotations) || shown === before) return object;
  const kept = withChanged(annotations, (text, name) =>
    Object.hasOwn(before, name) && text === shown[name] ? before[name] : text,
  );
  return kept === annotations ? object : { ...object, metadata: { ...object.metadata, annotations: kept } };
}
