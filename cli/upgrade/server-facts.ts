import type { Connection } from '#api/client/connect';
import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import { listAll } from '../object-set.ts';
import type { Finding, ServerFacts } from './report.ts';

interface Executor extends KubeObject {
  status?: { version?: string };
}

const EXECUTORS: ResourceType<Executor> = {
  ...{ group: TROUPE_GROUP, version: 'v1alpha1', namespaced: false },
  ...{ kind: 'Executor', plural: 'executors' },
};

interface Lease extends KubeObject {
  spec?: { holderIdentity?: string };
}

const LEASES: ResourceType<Lease> = {
  ...{ group: 'coordination.k8s.io', version: 'v1', namespaced: true },
  ...{ kind: 'Lease', plural: 'leases' },
};

/** Of controllers that were started without flags for another one. */
const CONTROLLERS = { namespace: 'default', name: 'troupe-controllers' };

/** Asks a server what it is. What it refuses to tell stands in the findings. */
export async function readServer(
  connection: Connection,
): Promise<{ facts: ServerFacts; findings: Finding[] }> {
  const findings: Finding[] = [];
  const ask = async <T>(about: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (isStatusError(error, 'NotFound')) return undefined;
      if (!isStatusError(error, 'Forbidden')) throw error;
      findings.push(notChecked(about, error.message));
      return undefined;
    }
  };
  const version = await runningVersion(connection);
  const isOurs = version !== undefined;
  const schema = isOurs ? await ask('database schema', () => readSchema(connection)) : undefined;
  const controllers = await ask('controllers', () => holder(connection));
  const executors = await ask('executors', () => listAll(connection.client, EXECUTORS, {}));
  const items = executors?.items ?? [];
  const facts: ServerFacts = {
    version,
    schema,
    controllers,
    executors: items.map(({ metadata: { name }, status }) => ({ name, version: status?.version })),
  };
  return { facts, findings };
}

/** A part that this user may not see. */
export function notChecked(about: string, why: string): Finding {
  return {
    level: 'Warning',
    about,
    message: `not checked: ${why}`,
    remedy: 'run the check as an administrator',
  };
}

/** Ours say `v1.36.2+troupe.0.1.0`; a cluster, also one in front of ours, says a version of its own. */
async function runningVersion({ transport }: Connection): Promise<string | undefined> {
  const { text } = await transport.send({ method: 'GET', path: '/version' });
  const { gitVersion = '' } = JSON.parse(text) as { gitVersion?: string };
  return /\+troupe\.(.+)$/.exec(gitVersion)?.[1];
}

/** @throws StatusError for a server that is unhealthy: it cannot be judged by what it says */
async function readSchema({ transport }: Connection): Promise<number | undefined> {
  const { text } = await transport.send({ method: 'GET', path: '/api/v1/health/detailed' });
  return (JSON.parse(text) as { data?: { schema?: number } }).data?.schema;
}

async function holder({ client }: Connection): Promise<string | undefined> {
  const identity = (await client.find(LEASES, CONTROLLERS))?.spec?.holderIdentity ?? '';
  return identity === '' ? undefined : identity;
}
