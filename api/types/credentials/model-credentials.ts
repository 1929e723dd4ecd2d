import { goJson } from '../../machinery/go-text.ts';
import { fieldsOf, isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import {
  canBeSecret,
  isCredentialName,
  isCredentialText,
  withChanged,
  withChangedItems,
} from './credential.ts';
import type { ChangeCredential } from './credential.ts';

/**
 * Changes the credentials in `modelConfig` of a Model, which is of free form: whatever is named like one, looks like one,
 * or is an address with one in it, at any depth.
 */
export function changeModelConfig(spec: JsonObject, change: ChangeCredential): JsonObject {
  const recipient = (): string => modelRecipient(spec);
  return withChanged(spec, (value, name) =>
    name === 'modelConfig' ? changeFree(value, { path: ['spec', name], recipient, change }) : value,
  );
}

interface Walk {
  path: readonly (number | string)[];
  recipient: () => string;
  change: ChangeCredential;
}

function changeFree(value: unknown, walk: Walk): unknown {
  const below = (name: number | string): Walk => ({ ...walk, path: [...walk.path, name] });
  if (Array.isArray(value)) return withChangedItems(value, (item, index) => changeFree(item, below(index)));
  if (isJsonObject(value)) {
    return withChanged(value, (one, name) =>
      isNamedCredential(name, one) ? changeOne(one, below(name)) : changeFree(one, below(name)),
    );
  }
  return typeof value === 'string' && isSecretModelText(value) ? changeOne(value, walk) : value;
}

function changeOne(value: unknown, { path, recipient, change }: Walk): unknown {
  return change({ field: path.join('.'), place: JSON.stringify(path), value, recipient });
}

/** A number that is called `..._tokens` is a limit. */
function isNamedCredential(name: string, value: unknown): boolean {
  if (!canBeSecret(value) || !isCredentialName(name)) return false;
  return !(/tokens$/i.test(name) && /^\d+$/.test(String(value)));
}

/** Whether a text of a Model's configuration is a credential, or an address that has one. */
export function isSecretModelText(text: string): boolean {
  return isCredentialText(text) || hasSecretQuery(text);
}

/** Services of models have queries that are no secret, such as `api-version`. */
function hasSecretQuery(text: string): boolean {
  const [, query = ''] = /^[a-z][a-z0-9+.-]*:\/\/[^?#]*\?([^#]*)/i.exec(text) ?? [];
  return query
    .split('&')
    .some((pair) => /key|token|secret|passw|auth|sig|code/i.test(pair.split('=', 1)[0] ?? ''));
}

/** The protocol, and every address that the configuration has: the service, and what may stand between. */
export function modelRecipient({ protocol, apiFormat, modelConfig }: JsonObject): string {
  const addresses: unknown[] = [];
  collectAddresses(modelConfig, addresses);
  return goJson([protocol ?? '', apiFormat ?? '', addresses]);
}

function collectAddresses(value: unknown, found: unknown[]): void {
  const fields = Array.isArray(value) ? Object.entries(value) : Object.entries(fieldsOf(value));
  for (const [name, one] of fields.sort(([left], [right]) => (left < right ? -1 : 1))) {
    if (isAddress(name, one)) found.push([name, one]);
    else collectAddresses(one, found);
  }
}

function isAddress(name: string, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  return value.includes('://') || /url|host|proxy|endpoint/i.test(name);
}
