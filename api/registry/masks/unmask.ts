import { isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden } from '../../structural-schema/field-error.ts';
import { credentialFieldsOf } from '../../types/credentials/credential-fields.ts';
import { isMask } from '../../types/credentials/credential.ts';
import type { Credential, CredentialFields } from '../../types/credentials/credential.ts';
import { storageResource } from '../resource.ts';
import type { Resource } from '../resource.ts';
import { changeCopies } from './object-copies.ts';
import type { Masks } from './masks.ts';

export interface Unmasking {
  resource: Resource;
  /** What a client sends: an object, or a part of one that is applied. */
  given: Unstructured;
  /** What is stored; undefined for a create. */
  stored: Unstructured | undefined;
}

/**
 * Puts back the values that masks stand for: a client that read a mask and writes it again keeps the value, by every way
 * of writing. Whatever else a client sends is a value of its own.
 * @throws StatusError Invalid for a mask of another value, one that was moved, and one where nothing is stored
 */
export function unmasked(masks: Masks, { resource, given, stored }: Unmasking): Unstructured {
  const fields = credentialFieldsOf(storageResource(resource));
  if (fields === undefined) return given;
  const uid = stored?.metadata.uid ?? '';
  const known = storedCredentials(fields, stored);
  const causes: StatusCause[] = [];
  const valueOf = ({ place, value }: Credential): Credential | undefined =>
    known.get(place)?.find((one) => masks.isMaskOf(uid, one, value as string));
  const object = fields(given, (credential) => {
    if (!isMask(credential.value)) return credential.value;
    const found = valueOf(credential);
    if (found === undefined) causes.push(refused(credential.field, stored));
    return found?.value;
  }) as Unstructured;
  // A mask in a copy that stands for nothing by now is a text like any other: nobody takes a value from there.
  const whole = changeCopies(object, fields, (credential) =>
    isMask(credential.value) ? (valueOf(credential)?.value ?? credential.value) : credential.value,
  );
  causes.push(...strayMasks(whole['spec'], 'spec'));
  if (causes.length > 0) throw invalid(resource, given.metadata.name, causes);
  return whole;
}

const refused = (field: string, stored: Unstructured | undefined): StatusCause =>
  forbidden(
    field,
    stored === undefined
      ? 'is the mask of a credential, and there is no value that it could stand for: give the value itself'
      : 'is the mask of another credential than the one that is stored here: give the value itself, or read the object again and leave its mask as it is',
  );

/** Of the object and of copies in its annotations. */
function storedCredentials(
  fields: CredentialFields<JsonObject>,
  stored: Unstructured | undefined,
): Map<string, Credential[]> {
  const known = new Map<string, Credential[]>();
  if (stored === undefined) return known;
  const note = (credential: Credential): unknown => {
    const { place } = credential;
    known.set(place, [...(known.get(place) ?? []), credential]);
    return credential.value;
  };
  changeCopies(fields(stored, note) as Unstructured, fields, note);
  return known;
}

/** Masks where no credential may stand: one that was moved there would be stored as a text that means nothing. */
function strayMasks(value: unknown, field: string): StatusCause[] {
  if (isMask(value)) return [forbidden(field, 'is the mask of a credential, which cannot be moved')];
  if (Array.isArray(value)) return value.flatMap((item, index) => strayMasks(item, `${field}[${index}]`));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, one]) => strayMasks(one, `${field}.${name}`));
}
