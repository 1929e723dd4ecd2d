import type { Client, ListOptions } from '#api/client/client';
import { refOf } from '#api/machinery/resource-type';
import type { ObjectRef, ResourceType } from '#api/machinery/resource-type';
import type { KubeObject, Unstructured } from '#api/machinery/meta';
import type { ApiResource } from './api-resource.ts';
import { CliError } from './error-text.ts';
import type { Session } from './session.ts';
import { parseTargets } from './targets.ts';

/** Which objects of a resource are meant. */
export interface Selection {
  selector?: string;
  fieldSelector?: string;
  allNamespaces?: boolean;
}

const PAGE_SIZE = 500;

export function refTo(session: Session, resource: ApiResource, name: string): ObjectRef {
  return resource.namespaced ? { namespace: session.namespace, name } : { name };
}

/** The namespace to list in; undefined for all of them. */
export function listNamespace(
  session: Session,
  resource: ApiResource,
  selection: Selection,
): string | undefined {
  return resource.namespaced && selection.allNamespaces !== true ? session.namespace : undefined;
}

/** All objects of a list, page by page, and its revision. */
export async function listAll<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  options: ListOptions,
): Promise<{ items: T[]; resourceVersion: string }> {
  const items: T[] = [];
  let token = '';
  for (;;) {
    const page = await client.list(type, {
      ...options,
      limit: PAGE_SIZE,
      ...(token === '' ? {} : { continue: token }),
    });
    items.push(...page.items);
    token = page.metadata.continue ?? '';
    if (token === '') return { items, resourceVersion: page.metadata.resourceVersion ?? '' };
  }
}

/** All objects that the selection leaves, and the revision of the list. */
export async function listObjects(
  session: Session,
  resource: ApiResource,
  selection: Selection,
): Promise<{ items: Unstructured[]; resourceVersion: string }> {
  const namespace = listNamespace(session, resource, selection);
  const { items, resourceVersion } = await listAll(session.connection.client, resource, {
    ...(namespace === undefined ? {} : { namespace }),
    ...(selection.selector === undefined ? {} : { labelSelector: selection.selector }),
    ...(selection.fieldSelector === undefined ? {} : { fieldSelector: selection.fieldSelector }),
  });
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  const whole = items.map((item) => Object.assign(item, { apiVersion, kind: resource.kind }));
  return { items: whole, resourceVersion };
}

/** One object a command works on. */
export interface NamedObject {
  resource: ApiResource;
  ref: ObjectRef;
}

/**
 * The objects a command line names, or all that `--all` or a selector leaves.
 * @throws CliError when it does neither
 */
export async function namedObjects(
  session: Session,
  words: readonly string[],
  selection: Selection & { all?: boolean },
): Promise<NamedObject[]> {
  const objects: NamedObject[] = [];
  for (const { resource, names } of await parseTargets(session, words)) {
    if (names.length > 0) {
      objects.push(...names.map((name) => ({ resource, ref: refTo(session, resource, name) })));
    } else if (selection.all === true || selection.selector !== undefined) {
      const { items } = await listObjects(session, resource, selection);
      for (const { metadata } of items) {
        objects.push({ resource, ref: refOf({ metadata }) });
      }
    } else {
      throw new CliError('resource(s) were provided, but no name was specified');
    }
  }
  return objects;
}
