import { TROUPE_GROUP } from '../machinery/group-version-kind.ts';
import { ignoreNotFound, isStatusError, StatusError } from '../machinery/status-error.ts';
import type { Transport } from './transport.ts';

/** How Troupe's kinds are served, found by what the server offers. */
export interface ServingForm {
  /**
   * A Kubernetes cluster serves. Its own controllers look after namespaces, ServiceAccounts, quotas and what has lost its
   * owner.
   */
  readonly isCluster: boolean;
  /** Tasks have a log, messages and answers. Kinds that a cluster has from crds/ alone have neither. */
  readonly hasTaskLog: boolean;
}

const OURS = `${TROUPE_GROUP}/v1`;

interface Listing {
  groups?: { name: string }[];
  resources?: { name: string }[];
}

/** Served by kube-aggregator, in which every kube-apiserver ends, and by nothing of ours. */
const AGGREGATOR_GROUP = 'apiregistration.k8s.io';
const TASK_LOG = 'tasks/log';
const DEFINITION = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tasks.agent.wecode.io';

/**
 * Asks the server how it serves Troupe's kinds.
 * @throws StatusError NotFound when it does not; Conflict when a cluster has both crds/ and an aggregated API server: what
 * is stored in one is hidden by the other
 */
export async function findServingForm(transport: Transport): Promise<ServingForm> {
  const { groups = [] } = await read(transport, '/apis');
  const isCluster = groups.some(({ name }) => name === AGGREGATOR_GROUP);
  const hasTaskLog = (await ourResources(transport)).includes(TASK_LOG);
  if (isCluster && hasTaskLog && (await hasDefinitions(transport))) throw bothForms(transport);
  return { isCluster, hasTaskLog };
}

async function ourResources(transport: Transport): Promise<string[]> {
  try {
    const { resources = [] } = await read(transport, `/apis/${OURS}`);
    return resources.map(({ name }) => name);
  } catch (error) {
    if (!isStatusError(error, 'NotFound')) throw error;
    const remedy = 'apply crds/ to the cluster';
    throw new StatusError('NotFound', `${transport.server} does not serve ${OURS}: ${remedy}`, {
      cause: error,
    });
  }
}

async function hasDefinitions(transport: Transport): Promise<boolean> {
  return (await ignoreNotFound(read(transport, DEFINITION))) !== undefined;
}

function bothForms({ server }: Transport): StatusError {
  const why = 'what is stored in one of them is hidden by the other';
  return new StatusError(
    'Conflict',
    `${server} has the CustomResourceDefinitions of ${OURS} and an aggregated API server for it; ${why}. ` +
      'Delete the APIService, or the CustomResourceDefinitions with all their objects.',
  );
}

async function read(transport: Transport, path: string): Promise<Listing> {
  return JSON.parse((await transport.send({ method: 'GET', path })).text) as Listing;
}
