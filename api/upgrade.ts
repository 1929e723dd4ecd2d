import { TROUPE_GROUP } from './machinery/group-version-kind.ts';
import type { Unstructured } from './machinery/meta.ts';
import { loadDefinitions } from './schema/load-crds.ts';
import type { ResourceDefinition } from './schema/resource-definition.ts';
import { migrationsAfter, newestSchema } from './storage/migration-journal.ts';

/** The verdict of this program on an object that another version of it has stored. */
export interface Judgement {
  /** Each with its field, as a write is refused; empty for an object that is valid. */
  problems: string[];
  /** Fields that this version does not know: they are gone after the next write. */
  lostFields: string[];
  /** Of versions of the kind in which clients have written it; texts of the CustomResourceDefinition. */
  deprecations: string[];
}

/** One version of one of our kinds, named as in paths. */
export interface ServedVersion {
  version: string;
  plural: string;
}

/** This program as the one that takes over a database. */
export interface UpgradeTarget {
  /** Of the tables. */
  schema: number;
  /** Names of what is run on tables of an older schema, in their order. */
  migrationsAfter(schema: number): string[];
  serves(version: ServedVersion): boolean;
  judge(version: ServedVersion, object: Unstructured): Judgement;
}

/** Reads the kinds that this program has; `definitions` are others in tests. */
export function upgradeTarget(definitions: readonly ResourceDefinition[] = loadDefinitions()): UpgradeTarget {
  const find = ({ version, plural }: ServedVersion): ResourceDefinition | undefined =>
    definitions.find(
      (one) => one.group === TROUPE_GROUP && one.served && one.version === version && one.plural === plural,
    );
  return {
    schema: newestSchema(),
    migrationsAfter,
    serves: (version) => find(version) !== undefined,
    judge(version, object) {
      const definition = find(version);
      if (definition === undefined) throw new Error(`${version.plural}: ${version.version} is not served`);
      return judge(definition, object);
    },
  };
}

/** As the server reads and then writes it: pruned, defaulted, validated. */
function judge(definition: ResourceDefinition, stored: Unstructured): Judgement {
  const { compiled } = definition;
  const { object, unknownFields } = compiled.prune(stored);
  const causes = compiled.validate(compiled.applyDefaults(object));
  return {
    problems: causes.map(({ field, message }) => (field === undefined ? message : `${field}: ${message}`)),
    lostFields: unknownFields,
    deprecations: writtenVersions(stored).flatMap((version) => {
      const warning = definition.versionOf(version)?.deprecationWarning;
      return warning === undefined ? [] : [warning];
    }),
  };
}

/** managedFields say in which version each client wrote. */
function writtenVersions({ metadata }: Unstructured): string[] {
  const prefix = `${TROUPE_GROUP}/`;
  const entries = (metadata.managedFields ?? []) as { apiVersion?: string }[];
  const written = new Set(entries.map(({ apiVersion = '' }) => apiVersion));
  return [...written].filter((text) => text.startsWith(prefix)).map((text) => text.slice(prefix.length));
}
