/** A static type of CEL (cel-spec, langdef "Values"), with the names that cel-go prints in messages. */
export interface CelType {
  readonly kind: CelKind;
  /** As printed; for objects and opaque types also their identity. */
  readonly name: string;
  readonly params: readonly CelType[];
  /** The fields of an object with a declared schema, by their escaped names. */
  readonly fields?: ReadonlyMap<string, CelType>;
}

export type CelKind =
  | 'bool'
  | 'bytes'
  | 'double'
  | 'duration'
  | 'dyn'
  | 'error'
  | 'int'
  | 'list'
  | 'map'
  | 'null'
  | 'object'
  | 'opaque'
  | 'param'
  | 'string'
  | 'timestamp'
  | 'type'
  | 'uint';

const simple = (kind: CelKind, name: string): CelType => ({ kind, name, params: [] });

export const BOOL = simple('bool', 'bool');
export const BYTES = simple('bytes', 'bytes');
export const DOUBLE = simple('double', 'double');
export const DURATION = simple('duration', 'google.protobuf.Duration');
export const DYN = simple('dyn', 'dyn');
export const ERROR = simple('error', '!error!');
export const INT = simple('int', 'int');
export const NULL = simple('null', 'null_type');
export const STRING = simple('string', 'string');
export const TIMESTAMP = simple('timestamp', 'google.protobuf.Timestamp');
export const UINT = simple('uint', 'uint');

export const listOf = (item: CelType): CelType => ({ kind: 'list', name: 'list', params: [item] });
export const mapOf = (key: CelType, value: CelType): CelType => ({
  kind: 'map',
  name: 'map',
  params: [key, value],
});
export const typeOf = (of: CelType): CelType => ({ kind: 'type', name: 'type', params: [of] });
export const optionalOf = (of: CelType): CelType => ({ kind: 'opaque', name: 'optional_type', params: [of] });
export const typeParam = (name: string): CelType => simple('param', name);

export function objectType(name: string, fields: ReadonlyMap<string, CelType>): CelType {
  return { kind: 'object', name, params: [], fields };
}

/** A type as a rule at its own node sees it: objects are named by their way from there. */
export function namedFrom(type: CelType, name: string): CelType {
  if (type.kind === 'list') return listOf(namedFrom(type.params[0] ?? DYN, `${name}.@idx`));
  if (type.kind === 'map')
    return mapOf(type.params[0] ?? DYN, namedFrom(type.params[1] ?? DYN, `${name}.@elem`));
  if (type.kind !== 'object' || type.fields === undefined) return type;
  const fields = new Map<string, CelType>();
  for (const [field, inner] of type.fields) fields.set(field, namedFrom(inner, `${name}.${field}`));
  return objectType(name, fields);
}

/** Types of the Kubernetes libraries. Some are objects without fields, some opaque, as upstream declares them. */
export const IP = simple('opaque', 'net.IP');
export const CIDR = simple('opaque', 'net.CIDR');
export const URL_TYPE = simple('object', 'kubernetes.URL');
export const QUANTITY = simple('object', 'kubernetes.Quantity');
export const SEMVER = simple('object', 'kubernetes.Semver');
export const NAMED_FORMAT = simple('object', 'kubernetes.NamedFormat');

/** The text of a type in messages (cel-go checker/format.go). */
export function formatType(type: CelType): string {
  if (type.params.length === 0) return printedNames[type.kind] ?? type.name;
  return `${type.name}(${type.params.map(formatType).join(', ')})`;
}

const printedNames: Partial<Record<CelKind, string>> = {
  null: 'null',
  timestamp: 'timestamp',
  duration: 'duration',
};

const BY_NAME: Record<string, CelType> = {
  bool: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  duration: DURATION,
  dyn: DYN,
  int: INT,
  null: NULL,
  string: STRING,
  timestamp: TIMESTAMP,
  uint: UINT,
  IP,
  CIDR,
  URL: URL_TYPE,
  Quantity: QUANTITY,
  Semver: SEMVER,
  Format: NAMED_FORMAT,
};

const GENERIC: Record<string, (params: CelType[]) => CelType> = {
  list: ([item = DYN]) => listOf(item),
  map: ([key = DYN, value = DYN]) => mapOf(key, value),
  optional: ([of = DYN]) => optionalOf(of),
  type: ([of = DYN]) => typeOf(of),
};

/** Reads the notation of the function tables: `map(string, list(A))`; a single capital letter is a parameter. */
export function parseType(text: string): CelType {
  const open = text.indexOf('(');
  if (open === -1) return BY_NAME[text] ?? typeParam(text);
  const make = GENERIC[text.slice(0, open)];
  if (make === undefined) throw new Error(`unknown type ${text}`);
  return make(parseTypes(text.slice(open + 1, -1)));
}

/** A list of types separated by commas, as between the parentheses of a signature. */
export function parseTypes(text: string): CelType[] {
  const types: CelType[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const char = text[at];
    if (char === '(') depth += 1;
    if (char === ')') depth -= 1;
    if ((char !== ',' && char !== undefined) || depth > 0) continue;
    const one = text.slice(start, at).trim();
    if (one !== '') types.push(parseType(one));
    start = at + 1;
  }
  return types;
}
