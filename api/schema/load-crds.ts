import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { TROUPE_GROUP } from '../machinery/group-version-kind.ts';
import { compareVersions } from '../machinery/version-priority.ts';
import { compileSchema } from './compile-schema.ts';
import type { CompiledSchema } from './compile-schema.ts';
import type { NameRule } from './object-meta.ts';
import type { PrinterColumn, ResourceDefinition, ScalePaths } from './resource-definition.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

/** A CustomResourceDefinition as far as this server uses it. */
export interface CustomResourceDefinition {
  metadata: { name: string };
  spec: {
    group: string;
    scope: 'Cluster' | 'Namespaced';
    names: {
      kind: string;
      listKind?: string;
      plural: string;
      singular?: string;
      shortNames?: string[];
      categories?: string[];
    };
    versions: CrdVersion[];
    /** Of Kubernetes' own kinds only: the kind has no storage. */
    virtual?: boolean;
    /** The same: see ResourceDefinition. */
    readOnly?: string;
  };
}

interface CrdVersion {
  name: string;
  served: boolean;
  storage: boolean;
  subresources?: {
    status?: object;
    scale?: ScalePaths;
    /** Of Kubernetes' own kinds only: what `/token` takes. */
    token?: SubresourceKind;
  };
  deprecated?: boolean;
  deprecationWarning?: string;
  additionalPrinterColumns?: (Omit<PrinterColumn, 'jsonPath' | 'priority'> &
    Partial<Pick<PrinterColumn, 'jsonPath' | 'priority'>>)[];
  selectableFields?: { jsonPath: string }[];
  schema: { openAPIV3Schema: StructuralSchema };
}

interface SubresourceKind {
  group: string;
  version: string;
  kind: string;
  schema: { openAPIV3Schema: StructuralSchema };
}

const BUILT_IN = join(import.meta.dirname, 'builtin');
const CRDS = join(import.meta.dirname, '..', '..', 'crds');

/** kubectl's default for a kind without printer columns (apiextensions-apiserver tableconvertor). */
const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  priority: 0,
};

/** All kinds this server serves: Kubernetes' own that clients expect, then ours. Compiles every schema: call it once. */
export function loadDefinitions(folder: string = CRDS): ResourceDefinition[] {
  return [
    ...loadCrds(BUILT_IN).flatMap((crd) => defineResources(crd, { builtIn: true })),
    ...(folder === CRDS ? loadOwnCrds() : loadCrds(folder)).flatMap((crd) =>
      defineResources(crd, { builtIn: false }),
    ),
  ];
}

let own: readonly CustomResourceDefinition[] | undefined;

/** Our own kinds, read once. */
export function loadOwnCrds(): readonly CustomResourceDefinition[] {
  return (own ??= loadCrds(CRDS));
}

/**
 * Every `.yaml` file of the folder, in the order of their names.
 *
 * @throws Error naming the file that is no CustomResourceDefinition
 */
export function loadCrds(folder: string): CustomResourceDefinition[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return files.sort().map((file) => {
    const path = join(folder, file);
    const document: unknown = parse(readFileSync(path, 'utf8'));
    if (!isCrd(document)) throw new Error(`${path}: not a CustomResourceDefinition`);
    return document;
  });
}

function isCrd(document: unknown): document is CustomResourceDefinition {
  return (document as { kind?: unknown } | null)?.kind === 'CustomResourceDefinition';
}

/** One definition per version. */
export function defineResources(
  crd: CustomResourceDefinition,
  { builtIn, definedAt = 0 }: { builtIn: boolean; definedAt?: number },
): ResourceDefinition[] {
  const { group, names, scope, versions, virtual, readOnly } = crd.spec;
  const storageVersion = versions.find((version) => version.storage)?.name ?? '';
  const resources: ResourceDefinition[] = versions.map((version) =>
    withSchema(version.schema.openAPIV3Schema, {
      group,
      version: version.name,
      kind: names.kind,
      listKind: names.listKind ?? `${names.kind}List`,
      plural: names.plural,
      singular: names.singular ?? names.kind.toLowerCase(),
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      scope,
      served: version.served,
      storage: version.storage,
      builtIn,
      ...(builtIn && virtual === true && { virtual }),
      ...(builtIn && readOnly !== undefined && { readOnly }),
      nameRule: nameRule(group, version.name, names.kind),
      hasStatus: version.subresources?.status !== undefined,
      ...(version.subresources?.scale && { scale: version.subresources.scale }),
      ...(builtIn && version.subresources?.token && { token: subresourceKind(version.subresources.token) }),
      ...deprecation(version, crd.spec),
      storageVersion,
      versionOf: (name) => resources.find((one) => one.version === name),
      definedAt,
      printerColumns: printerColumns(version),
      selectableFields: (version.selectableFields ?? []).map((field) => field.jsonPath),
    }),
  );
  return resources;
}

/** A kind that has no path of its own. */
function subresourceKind({ schema, ...kind }: SubresourceKind): ResourceDefinition {
  const definition: ResourceDefinition = withSchema(schema.openAPIV3Schema, {
    ...kind,
    listKind: '',
    plural: `${kind.kind.toLowerCase()}s`,
    singular: kind.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    scope: 'Namespaced',
    served: false,
    storage: true,
    builtIn: true,
    virtual: true,
    nameRule: 'dns-subdomain',
    hasStatus: false,
    storageVersion: kind.version,
    versionOf: () => definition,
    definedAt: 0,
    printerColumns: [],
    selectableFields: [],
  });
  return definition;
}

/** kube-apiserver's text where the definition has none of its own (customresource_handler.go defaultDeprecationWarning). */
function deprecation(
  version: CrdVersion,
  { group, names: { kind }, versions }: CustomResourceDefinition['spec'],
): { deprecationWarning?: string } {
  if (version.deprecated !== true) return {};
  if (version.deprecationWarning !== undefined) return { deprecationWarning: version.deprecationWarning };
  const better = versions.filter(
    ({ name, served, deprecated }) =>
      served && deprecated !== true && compareVersions(name, version.name) < 0,
  );
  const [best] = better.map(({ name }) => name).sort(compareVersions);
  const advice = best === undefined ? '' : `; use ${group}/${best} ${kind}`;
  return { deprecationWarning: `${group}/${version.name} ${kind} is deprecated${advice}` };
}

/** Compiles at the first use. */
function withSchema(
  schema: StructuralSchema,
  definition: Omit<ResourceDefinition, 'compiled' | 'schema'>,
): ResourceDefinition {
  let compiled: CompiledSchema | undefined;
  return Object.defineProperty({ ...definition, schema } as ResourceDefinition, 'compiled', {
    get: () => (compiled ??= compileSchema(schema)),
    enumerable: true,
  });
}

function printerColumns(version: CrdVersion): PrinterColumn[] {
  const { additionalPrinterColumns: own = [] } = version;
  const columns = own.length === 0 ? [AGE] : own;
  return columns.map((column) => Object.assign({ priority: 0, jsonPath: '' }, column));
}

/** Roles and bindings have names such as system:basic-user (kubernetes pkg/apis/rbac/validation). */
const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** The v1 kinds of our group keep names such as ClaudeCode, which manifests out there have. */
function nameRule(group: string, version: string, kind: string): NameRule {
  if ((group === TROUPE_GROUP && version === 'v1') || group === RBAC_GROUP) return 'path-segment';
  return group === '' && kind === 'Namespace' ? 'dns-label' : 'dns-subdomain';
}
