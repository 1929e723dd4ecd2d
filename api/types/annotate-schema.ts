/** Prepares the schema of a CRD for json-schema-to-typescript: names, Kubernetes' extensions, our own types. */

/** The part of a CRD's openAPIV3Schema that types depend on. */
export interface CrdSchema {
  type?: string;
  description?: string;
  required?: string[];
  properties?: Record<string, CrdSchema>;
  additionalProperties?: CrdSchema | boolean;
  items?: CrdSchema;
  default?: unknown;
  enum?: unknown[];
  title?: string;
  tsType?: string;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
}

interface Target {
  kind: string;
  apiVersion: string;
}

/** The schema with a title on each object type, so that each becomes a named interface: Task, TaskSpec, TaskTeamRef. */
export function annotateSchema(schema: CrdSchema, target: Target): CrdSchema {
  const { spec, status } = schema.properties ?? {};
  const properties: Record<string, CrdSchema> = {
    apiVersion: { type: 'string', tsType: `'${target.apiVersion}'` },
    kind: { type: 'string', tsType: `'${target.kind}'` },
    metadata: { type: 'object', tsType: 'ObjectMeta' },
  };
  if (spec !== undefined) properties['spec'] = annotateNode(spec, [target.kind, 'spec']);
  if (status !== undefined) {
    const taken = titlesIn(properties['spec'] ?? {});
    properties['status'] = ownTitles(annotateNode(status, [target.kind, 'status']), target.kind, taken);
  }
  return {
    ...describe(schema),
    type: 'object',
    title: target.kind,
    required: ['apiVersion', 'kind', 'metadata', ...(schema.required ?? [])],
    properties,
  };
}

function titlesIn(node: CrdSchema, found = new Set<string>()): Set<string> {
  if (node.title !== undefined) found.add(node.title);
  for (const child of childrenOf(node)) titlesIn(child, found);
  return found;
}

/** MCPServerStatusTool where spec and status both have tools. */
function ownTitles(node: CrdSchema, kind: string, taken: ReadonlySet<string>): CrdSchema {
  if (node.title !== undefined && taken.has(node.title)) {
    node.title = `${kind}Status${node.title.slice(kind.length)}`;
  }
  for (const child of childrenOf(node)) ownTitles(child, kind, taken);
  return node;
}

function childrenOf({ properties = {}, items, additionalProperties }: CrdSchema): CrdSchema[] {
  const values = typeof additionalProperties === 'object' ? [additionalProperties] : [];
  return [...Object.values(properties), ...(items === undefined ? [] : [items]), ...values];
}

function annotateNode(node: CrdSchema, path: string[]): CrdSchema {
  const special = specialType(node, path);
  if (special !== undefined) return { ...describe(node), tsType: special };
  const result: CrdSchema = { ...describe(node) };
  if (node.type !== undefined) result.type = node.type;
  if (node.enum !== undefined) result.enum = node.enum;
  if (node.items !== undefined) result.items = annotateNode(node.items, singular(path));
  if (node.properties !== undefined) Object.assign(result, annotateObject(node, path));
  else if (typeof node.additionalProperties === 'object')
    result.additionalProperties = annotateNode(node.additionalProperties, singular(path));
  return result;
}

function annotateObject(node: CrdSchema, path: string[]): CrdSchema {
  const properties = Object.entries(node.properties ?? {});
  return {
    title: typeName(path),
    required: node.required ?? [],
    additionalProperties: node['x-kubernetes-preserve-unknown-fields'] === true,
    properties: Object.fromEntries(
      properties.map(([name, child]) => [name, annotateNode(child, [...path, name])]),
    ),
  };
}

/** Types that JSON Schema cannot say, or that we have already. */
function specialType(node: CrdSchema, path: string[]): string | undefined {
  if (path[1] === 'status' && path.length === 3 && path[2] === 'conditions') return 'Condition[]';
  if (node['x-kubernetes-int-or-string'] === true) return '(number | string)';
  if (typeof node.additionalProperties === 'object') return mapType(node.additionalProperties, path);
  if (node['x-kubernetes-preserve-unknown-fields'] !== true || node.properties !== undefined)
    return undefined;
  return node.type === 'object' ? 'Record<string, unknown>' : 'unknown';
}

/** A map whose values need no interface of their own. */
function mapType(values: CrdSchema, path: string[]): string | undefined {
  const type = specialType(values, path) ?? (values.type === 'string' ? 'string' : undefined);
  return type === undefined ? undefined : `Record<string, ${type}>`;
}

/** What a reader of the type wants to know; defaults are filled in by the server, so writers may leave them out. */
function describe(node: CrdSchema): CrdSchema {
  const lines = node.description === undefined ? [] : [node.description];
  if (node.default !== undefined) lines.push(`@default ${JSON.stringify(node.default)}`);
  return lines.length === 0 ? {} : { description: lines.join('\n\n') };
}

/** `[Task, spec, teamRef]` is TaskTeamRef; `[Task, spec]` itself TaskSpec. */
function typeName(path: string[]): string {
  const [kind = '', block = '', ...rest] = path;
  const words = rest.length === 0 ? [block] : rest;
  return (
    kind +
    words
      .flatMap((word) => word.split('_'))
      .map(capital)
      .join('')
  );
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

function singular(path: string[]): string[] {
  return path.map((word, index) =>
    index === path.length - 1 ? word.replace(/ies$/, 'y').replace(/s$/, '') : word,
  );
}
