import type { Release } from './release-order.ts';
import { compareReleases } from './release-order.ts';

/** `Hinders`: do that first. `Warning`: read it. */
export type Level = 'Hinders' | 'Warning';

export interface Finding {
  level: Level;
  /** A part of the service, or an object as `task/NAMESPACE/NAME`. */
  about: string;
  message: string;
  /** The remedy, for people. */
  remedy: string;
}

/** One part of the service beside this command; texts, for people. */
export interface Part {
  name: string;
  running: string;
  upgrade: string;
}

/** The report that `troupe upgrade check` prints; the fields of `-o json`. */
export interface UpgradeReport {
  /** Nothing hinders. */
  ready: boolean;
  parts: Part[];
  findings: Finding[];
}

/** The facts that a server told of itself; the others are undefined. */
export interface ServerFacts {
  version: Release | undefined;
  /** Of its tables. */
  schema: number | undefined;
  /** Holder of the Lease of the controllers. */
  controllers: string | undefined;
  executors: { name: string; version: Release | undefined }[];
}

/** The facts of this command. */
export interface CommandFacts {
  version: Release;
  schema: number;
  migrationsAfter(schema: number): string[];
}

const UNKNOWN = 'unknown';

export function partsOf(server: ServerFacts, command: CommandFacts): Part[] {
  const { version, schema, controllers, executors } = server;
  return [
    { name: 'api', running: version ?? UNKNOWN, upgrade: command.version },
    { name: 'database schema', running: String(schema ?? UNKNOWN), upgrade: String(command.schema) },
    ...(controllers === undefined
      ? []
      : [{ name: `controllers (${controllers})`, running: UNKNOWN, upgrade: command.version }]),
    ...executors.map((executor) => ({
      name: `executor/${executor.name}`,
      running: executor.version ?? UNKNOWN,
      upgrade: command.version,
    })),
  ];
}

/** The findings that follow from the versions of the parts. */
export function versionFindings(server: ServerFacts, command: CommandFacts): Finding[] {
  return [
    ...serverFindings(server, command),
    ...schemaFindings(server, command),
    ...server.executors.flatMap((executor) => executorFindings(executor, command)),
  ];
}

function serverFindings({ version }: ServerFacts, command: CommandFacts): Finding[] {
  if (version === undefined) {
    const message = 'the server does not say which version of Troupe it is';
    const remedy =
      'where a cluster serves crds/ itself, give it those of this version: kubectl apply -f crds/';
    return [{ level: 'Warning', about: 'api', message, remedy }];
  }
  if (compareReleases(version, command.version) <= 0) return [];
  const message = `the server is newer (${version}) than this command (${command.version})`;
  return [{ level: 'Hinders', about: 'api', message, remedy: `run the check with ${version} or newer` }];
}

function schemaFindings({ version, schema }: ServerFacts, command: CommandFacts): Finding[] {
  const about = 'database schema';
  if (schema === undefined) {
    if (version === undefined) return [];
    const message = 'the schema of the tables is not known';
    return [{ level: 'Warning', about, message, remedy: 'make a backup first: troupe backup' }];
  }
  if (schema > command.schema) {
    const message = `the tables have schema ${schema}, this version knows ${command.schema}: it would not start`;
    const remedy = 'take a newer version, or restore a backup of an older one';
    return [{ level: 'Hinders', about, message, remedy }];
  }
  const pending = command.migrationsAfter(schema);
  if (pending.length === 0) return [];
  const message = `the first start runs ${pending.join(', ')}`;
  const remedy = 'make a backup first (troupe backup), and stop all replicas: there is no other way back';
  return [{ level: 'Warning', about, message, remedy }];
}

function executorFindings(
  { name, version }: ServerFacts['executors'][number],
  command: CommandFacts,
): Finding[] {
  if (version === undefined) return [];
  const order = compareReleases(version, command.version);
  if (order === 0) return [];
  return [
    {
      level: 'Warning',
      about: `executor/${name}`,
      message: `its executor manager is ${order < 0 ? 'older' : 'newer'} (${version}) than this command`,
      remedy:
        order < 0
          ? `upgrade it and its sandbox image with the servers; troupe drain ${name} lets its runs end first`
          : 'upgrade the servers to the same version',
    },
  ];
}

export const reportOf = (parts: Part[], findings: readonly Finding[]): UpgradeReport => ({
  ready: findings.every(({ level }) => level !== 'Hinders'),
  parts,
  findings: [...findings].sort((a, b) => Number(b.level === 'Hinders') - Number(a.level === 'Hinders')),
});
