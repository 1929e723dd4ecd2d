import { goJson } from '../../machinery/go-text.ts';
import { fieldsOf, isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import {
  canBeSecret,
  isCredentialName,
  isCredentialText,
  isMask,
  withChanged,
  withChangedItems,
} from './credential.ts';
import type { ChangeCredential } from './credential.ts';

/** Where an entry stands in its object. */
export interface EntryPlace {
  field: string;
  place: readonly string[];
}

/** Their values are whatever a server wants, often under names that say nothing: all of them count as secret. */
const SECRET_MAPS: ReadonlySet<string> = new Set(['env', 'headers']);

/**
 * Changes the credentials of a tool server that is configured as in the file of an agent (`mcpServers`): values of
 * variables and headers, fields and arguments that are named like a credential, and addresses with a password or a
 * query, since services hand out addresses with a key in it.
 */
export function changeServerEntry<T extends JsonObject>(
  entry: T,
  { field, place }: EntryPlace,
  change: ChangeCredential,
): T {
  const recipient = (): string => recipientOf(entry);
  return changeFields(entry, { field, place, recipient, change });
}

interface Walk extends EntryPlace {
  recipient: () => string;
  change: ChangeCredential;
}

const below = (walk: Walk, name: string): Walk => ({
  ...walk,
  field: `${walk.field}.${name}`,
  place: [...walk.place, name],
});

function changeOne({ field, place, recipient, change }: Walk, value: unknown): unknown {
  return change({ field, place: JSON.stringify(place), value, recipient });
}

function changeFields<T extends JsonObject>(fields: T, walk: Walk): T {
  return withChanged(fields, (value, name) => changeField(value, name, below(walk, name)));
}

function changeField(value: unknown, name: string, walk: Walk): unknown {
  if (!canBeSecret(value)) return value;
  if (SECRET_MAPS.has(name)) {
    if (!isJsonObject(value)) return changeOne(walk, value);
    return withChanged(value, (one, key) => (canBeSecret(one) ? changeOne(below(walk, key), one) : one));
  }
  if (isCredentialName(name)) return changeOne(walk, value);
  if (Array.isArray(value)) return name === 'args' ? changeArguments(value, walk) : value;
  if (isJsonObject(value)) return changeFields(value, walk);
  return isSecretText(value) ? changeOne(walk, value) : value;
}

/** `--api-key KEY`, `--token=TOKEN`, `TOKEN=…`, `Authorization: …`, addresses, and what looks like a key by itself. */
function changeArguments(args: readonly unknown[], walk: Walk): readonly unknown[] {
  return withChangedItems(args, (arg, index) => {
    if (typeof arg !== 'string' || arg === '') return arg;
    const previous = args[index - 1];
    const followsName = typeof previous === 'string' && isCredentialFlag(previous) && !arg.startsWith('-');
    const named = /^([^\s=:]+)\s*[=:]/.exec(arg);
    const isNamed = named !== null && isCredentialName(named[1] ?? '');
    const isSecret = followsName || isNamed || isSecretText(arg);
    return isSecret ? changeOne({ ...walk, field: `${walk.field}[${index}]` }, arg) : arg;
  });
}

/** Arguments with an empty text in place of each that is a credential. */
export function withoutCredentials(args: readonly string[]): readonly unknown[] {
  return changeArguments(args, { field: '', place: [], recipient: () => '', change: () => '' });
}

const isCredentialFlag = (arg: string): boolean => /^-{1,2}[^=]+$/.test(arg) && isCredentialName(arg);

function isSecretText(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  return isCredentialText(value) || /^[a-z][a-z0-9+.-]*:\/\/.*[?@]/i.test(value);
}

/**
 * The whole entry but for the values that are secret by their names: another program, argument, address or variable (a
 * proxy, say) can hand on what the server gets.
 */
function recipientOf(entry: JsonObject): string {
  return goJson(
    changeFields(entry, {
      ...{ field: '', place: [], recipient: () => '' },
      change: ({ field, value }) => (isNamedSecret(field) ? '' : value),
    }),
  );
}

const isNamedSecret = (field: string): boolean => isCredentialName(field.slice(field.lastIndexOf('.') + 1));

/** `{name, value}` of an MCPServer: all values are masked, as those of the maps above. */
function changeNamedValues(values: unknown, walk: Walk): unknown {
  if (!Array.isArray(values)) return values;
  return withChangedItems(values, (item, index) => {
    const { name, value } = fieldsOf(item);
    if (typeof name !== 'string' || !canBeSecret(value)) return item;
    const at = { ...walk, field: `${walk.field}[${index}].value`, place: [...walk.place, name] };
    const next = changeOne(at, value);
    return next === value ? item : { ...fieldsOf(item), value: next };
  });
}

/** Changes the credentials of the transport of an MCPServer. */
export function changeTransport(
  transport: JsonObject,
  { field, place }: EntryPlace,
  change: ChangeCredential,
): JsonObject {
  const recipient = (): string => transportRecipient(transport);
  const walk: Walk = { field, place, recipient, change };
  return withChanged(transport, (way, name) => (isJsonObject(way) ? changeWay(way, below(walk, name)) : way));
}

function changeWay(way: JsonObject, walk: Walk): JsonObject {
  return withChanged(way, (value, name) => {
    const at = below(walk, name);
    if (SECRET_MAPS.has(name)) return changeNamedValues(value, at);
    if (name === 'args' && Array.isArray(value)) return changeArguments(value, at);
    return isSecretText(value) ? changeOne(at, value) : value;
  });
}

/** All of the transport but for values that are secret by their names. */
export function transportRecipient(transport: JsonObject): string {
  const withoutSecrets = withChanged(transport, (way) =>
    withChanged(fieldsOf(way), (values, list) =>
      SECRET_MAPS.has(list) && Array.isArray(values) ? values.map(withoutNamedSecret) : values,
    ),
  );
  return goJson(withoutSecrets);
}

function withoutNamedSecret(item: unknown): unknown {
  const { name, value, ...rest } = fieldsOf(item);
  const isSecret = typeof name === 'string' && (isCredentialName(name) || isMask(value));
  return isSecret ? { name, ...rest } : item;
}
