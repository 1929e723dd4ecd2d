import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import {
  forbidden,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '../../structural-schema/field-error.ts';
import { approvalProblems } from './api-approval.ts';
import { definitionOf, hoistCommon, isEstablished } from './definition.ts';
import type { Definition, DefinitionSpec, DefinitionVersion, Hoisted, PerVersion } from './definition.ts';
import { groupProblems, labelsProblems, missingNames, namesProblems } from './names-problems.ts';
import { schemaProblems } from './schema-problems.ts';
import { readSchema, someSchema } from './schema-props.ts';
import type { SchemaProps } from './schema-props.ts';
import {
  columnProblems,
  deprecationProblems,
  selectableProblems,
  subresourceProblems,
} from './version-problems.ts';

/** A definition may be wrong in each of its nodes; nobody reads more. */
const MAX_CAUSES = 100;

/**
 * What kube-apiserver has against a CustomResourceDefinition (apiextensions-apiserver
 * pkg/apis/apiextensions/validation), beside its metadata. The object has to have the types of its kind's own schema
 * and its defaults (defaultCustomResourceDefinition); `previous` is the stored one of an update.
 */
export function validateCustomResourceDefinition(crd: Unstructured, previous?: Unstructured): StatusCause[] {
  const definition = definitionOf(crd);
  const before = previous === undefined ? undefined : definitionOf(previous);
  const accepted = namesProblems(definition.status.acceptedNames ?? {}, 'status.acceptedNames');
  // A write of labels or of the status: what is defined was judged before, maybe by other rules.
  if (before !== undefined && deepEqual(definition.spec, before.spec)) return accepted;
  const shape = shapeProblems(crd);
  if (shape.length > 0) return shape.slice(0, MAX_CAUSES);
  const causes = [
    ...(before === undefined ? nameProblems(definition) : []),
    ...specProblems(definition.spec),
    ...(before === undefined ? [] : immutableProblems(definition, before)),
    ...accepted,
    ...storedVersionProblems(definition),
    ...approvalProblems(definition, before),
    ...preserveProblems(definition.spec),
  ];
  return causes.slice(0, MAX_CAUSES);
}

/** Keywords of the wrong type within the schemas, which the kind's own schema lets pass. */
function shapeProblems(crd: Unstructured): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [index, version] of (definitionOf(crd).spec.versions ?? []).entries()) {
    const at = `spec.versions[${index}].schema.openAPIV3Schema`;
    if (version.schema?.openAPIV3Schema !== undefined)
      readSchema(version.schema.openAPIV3Schema, { causes, at });
  }
  return causes;
}

function nameProblems({ metadata, spec }: Definition): StatusCause[] {
  // That there is none is said already.
  if (metadata.name === '' || metadata.name === `${spec.names?.plural ?? ''}.${spec.group ?? ''}`) return [];
  return [invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')];
}

const SCOPES = ['Cluster', 'Namespaced'];

function specProblems(spec: DefinitionSpec): StatusCause[] {
  const { versions = [], names = {} } = spec;
  const hoisted = hoistCommon(versions);
  const hasStatus = (one: PerVersion) => one.subresources?.status !== undefined;
  return [
    ...groupProblems(spec.group),
    ...scopeProblems(spec.scope),
    ...missingSchemas(hoisted),
    ...defaultsProblems(spec),
    ...hoisted.versions.flatMap((version, index) => {
      const named = versions.find(({ name }) => name === version.name) ?? version;
      return versionProblems(version, `spec.versions[${index}]`, hasStatus(named));
    }),
    ...versionsProblems(spec.versions),
    ...missingNames(names, 'spec.names'),
    ...namesProblems(names, 'spec.names'),
    ...commonProblems(hoisted.common, versions.some(hasStatus)),
    ...conversionProblems(spec),
  ];
}

function scopeProblems(scope: string | undefined): StatusCause[] {
  if (scope === undefined || scope === '') return [requiredValue('spec.scope')];
  return SCOPES.includes(scope) ? [] : [unsupportedValue('spec.scope', scope, SCOPES)];
}

const schemaOf = (version: PerVersion): SchemaProps | undefined => version.schema?.openAPIV3Schema;

function missingSchemas({ common, versions }: Hoisted): StatusCause[] {
  if (schemaOf(common) !== undefined) return [];
  return versions.flatMap((version, index) =>
    schemaOf(version) === undefined ? [requiredValue(`spec.versions[${index}].schema.openAPIV3Schema`)] : [],
  );
}

function defaultsProblems({ preserveUnknownFields, versions = [] }: DefinitionSpec): StatusCause[] {
  const hasDefault = (schema: SchemaProps): boolean => schema.default !== undefined;
  const some = versions
    .map(schemaOf)
    .some((schema) => schema !== undefined && someSchema(schema, hasDefault));
  if (preserveUnknownFields !== true || !some) return [];
  const text = 'must be false in order to use defaults in the schema';
  return [invalidValue('spec.preserveUnknownFields', true, text)];
}

function versionProblems(version: DefinitionVersion, at: string, hasStatus: boolean): StatusCause[] {
  const schema = schemaOf(version);
  return [
    ...labelsProblems(version.name ?? '', `${at}.name`),
    ...deprecationProblems(version, at),
    ...(schema === undefined ? [] : schemaProblems(schema, `${at}.schema.openAPIV3Schema`, hasStatus)),
    ...subresourceProblems(version.subresources, `${at}.subresources`),
    ...columnProblems(version.additionalPrinterColumns, `${at}.additionalPrinterColumns`),
    ...selectableProblems(
      version,
      `${at}.selectableFields`,
      'may only be set when `version.schema.openAPIV3Schema` is not included',
    ),
  ];
}

/** Shows the names of the versions; kube-apiserver shows the versions, as Go holds them. */
function versionsProblems(given: DefinitionVersion[] | undefined): StatusCause[] {
  const versions = given ?? [];
  const names = versions.map(({ name = '' }) => name);
  const causes: StatusCause[] = [];
  if (new Set(names).size < names.length)
    causes.push(invalidValue('spec.versions', names, 'must contain unique version names'));
  if (versions.filter(({ storage }) => storage === true).length !== 1)
    causes.push(
      invalidValue(
        'spec.versions',
        given && names,
        'must have exactly one version marked as storage version',
      ),
    );
  const [first = ''] = names;
  return first === '' ? causes : [...causes, ...labelsProblems(first, 'spec.version')];
}

function commonProblems(common: PerVersion, hasStatus: boolean): StatusCause[] {
  const schema = schemaOf(common);
  return [
    ...(schema === undefined ? [] : schemaProblems(schema, 'spec.validation.openAPIV3Schema', hasStatus)),
    ...subresourceProblems(common.subresources, 'spec.subresources'),
    ...columnProblems(common.additionalPrinterColumns, 'spec.additionalPrinterColumns'),
    ...selectableProblems(
      common,
      'spec.selectableFields',
      'may only be set when validations.schema is included',
    ),
  ];
}

/** Other than kube-apiserver, which can ask a webhook. */
function conversionProblems({ conversion }: DefinitionSpec): StatusCause[] {
  if (conversion === undefined) return [];
  const { strategy = '', webhook = {} } = conversion;
  const at = 'spec.conversion';
  if (strategy === '') return [requiredValue(`${at}.strategy`)];
  if (strategy !== 'None') return [unsupportedValue(`${at}.strategy`, strategy, ['None'])];
  const text = 'should not be set when strategy is not set to Webhook';
  return [
    ...(webhook['clientConfig'] === undefined ? [] : [forbidden(`${at}.webhookClientConfig`, text)]),
    ...(webhook['conversionReviewVersions'] === undefined
      ? []
      : [forbidden(`${at}.conversionReviewVersions`, text)]),
  ];
}

/** What objects are stored under never changes; what names them does not once there may be objects. */
function immutableProblems(definition: Definition, before: Definition): StatusCause[] {
  const value = ({ spec }: Definition) => ({
    'spec.scope': spec.scope,
    'spec.names.kind': spec.names?.kind,
    'spec.group': spec.group,
    'spec.names.plural': spec.names?.plural,
  });
  const old: Record<string, unknown> = value(before);
  const free = isEstablished(before) ? [] : ['spec.scope', 'spec.names.kind'];
  return Object.entries(value(definition))
    .filter(([at, now]) => !free.includes(at) && !deepEqual(now, old[at]))
    .map(([at, now]) => invalidValue(at, now ?? '', 'field is immutable'));
}

function storedVersionProblems({ spec, status }: Definition): StatusCause[] {
  const at = 'status.storedVersions';
  const { storedVersions: stored = [] } = status;
  const versions = spec.versions ?? [];
  if (stored.length === 0) return [invalidValue(at, null, 'must have at least one stored version')];
  const left = new Set(stored);
  const missing = versions.filter(({ name = '', storage }) => !left.delete(name) && storage === true);
  const served = new Set(versions.map(({ name = '' }) => name));
  return [
    ...missing.map(({ name = '' }) => invalidValue(at, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((name, index) =>
      served.has(name) || stored.lastIndexOf(name) !== index
        ? []
        : [
            invalidValue(
              `${at}[${index}]`,
              name,
              `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
            ),
          ],
    ),
  ];
}

function preserveProblems({ preserveUnknownFields }: DefinitionSpec): StatusCause[] {
  if (preserveUnknownFields !== true) return [];
  const text =
    'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  return [invalidValue('spec.preserveUnknownFields', true, text)];
}
