import { queryString, resourcePath } from '#api/client/resource-path';
import type { Transport } from '#api/client/transport';
import type { Unstructured } from '#api/machinery/meta';
import { ignoreNotFound, isStatusError, notFound } from '#api/machinery/status-error';
import type { ApiResource } from './api-resource.ts';
import { sortKeys } from './object-text.ts';
import { threeWayMergePatch } from './three-way-merge.ts';

/** Where kubectl keeps the manifest that was applied last; the same, so that both tools can take turns. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export interface ApplyOptions {
  /** With its namespace set. */
  object: Unstructured;
  resource: ApiResource;
  dryRun: boolean;
}

export interface ApplyOutcome {
  name: string;
  change: 'created' | 'configured' | 'unchanged';
  /** As it was; absent when it was not there. */
  before?: Unstructured;
  /** As it is, or would be. */
  after: Unstructured;
}

/** Creates the object, or patches it by what the manifest changed (kubectl's client-side apply). */
export async function applyObject(transport: Transport, options: ApplyOptions): Promise<ApplyOutcome> {
  const modified = withLastApplied(options.object);
  const current = await getObject(transport, options);
  if (current === undefined) {
    const after = await create(transport, options, modified);
    if (after !== undefined) return { name: options.object.metadata.name, change: 'created', after };
    // Somebody made it between the two requests.
    const made = await getObject(transport, options);
    if (made === undefined) throw notFound(options.resource, options.object.metadata.name);
    return patch(transport, options, { current: made, modified });
  }
  return patch(transport, options, { current, modified });
}

function query(options: ApplyOptions): string {
  return queryString({
    fieldManager: 'troupe-client-side-apply',
    fieldValidation: 'Strict',
    dryRun: options.dryRun ? 'All' : undefined,
  });
}

async function getObject(transport: Transport, options: ApplyOptions): Promise<Unstructured | undefined> {
  const { name, namespace } = options.object.metadata;
  const path = resourcePath(options.resource, { name, namespace });
  const answer = await ignoreNotFound(transport.send({ method: 'GET', path }));
  return answer === undefined ? undefined : (JSON.parse(answer.text) as Unstructured);
}

/** The object as it was made; undefined when it is there already. */
async function create(
  transport: Transport,
  options: ApplyOptions,
  body: Unstructured,
): Promise<Unstructured | undefined> {
  const path = resourcePath(options.resource, { namespace: body.metadata.namespace }) + query(options);
  try {
    const answer = await transport.send({ method: 'POST', path, body });
    return JSON.parse(answer.text) as Unstructured;
  } catch (error) {
    if (isStatusError(error, 'AlreadyExists')) return undefined;
    throw error;
  }
}

async function patch(
  transport: Transport,
  options: ApplyOptions,
  { current, modified }: { current: Unstructured; modified: Unstructured },
): Promise<ApplyOutcome> {
  const { name, namespace } = options.object.metadata;
  const body = threeWayMergePatch({ current, modified, original: lastApplied(current) });
  if (Object.keys(body).length === 0) return { name, change: 'unchanged', before: current, after: current };
  const path = resourcePath(options.resource, { name, namespace }) + query(options);
  const answer = await transport.send({
    method: 'PATCH',
    path,
    body,
    contentType: 'application/merge-patch+json',
  });
  const after = JSON.parse(answer.text) as Unstructured;
  // A patch that only repeats defaults is stored as nothing new.
  const same = after.metadata.resourceVersion === current.metadata.resourceVersion;
  const change = same && !options.dryRun ? 'unchanged' : 'configured';
  return { name, change, before: current, after };
}

function withLastApplied(object: Unstructured): Unstructured {
  const { [LAST_APPLIED]: _, ...annotations } = object.metadata.annotations ?? {};
  const plain = { ...object, metadata: { ...object.metadata, annotations } };
  const text = `${goJson(plain)}\n`;
  const metadata = { ...plain.metadata, annotations: { ...annotations, [LAST_APPLIED]: text } };
  return { ...plain, metadata };
}

/** Byte for byte what Go writes: otherwise the object changes whenever kubectl and troupe take turns. */
function goJson(value: unknown): string {
  return JSON.stringify(sortKeys(value)).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The last applied manifest; one that somebody broke by hand counts as none. */
function lastApplied(current: Unstructured | undefined): unknown {
  const text = current?.metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
