import { API_SERVER_USER } from '../machinery/users/user.ts';
import { isStatusError } from '../machinery/status-error.ts';
import type { Registry } from '../registry/registry.ts';
import { storageResource } from '../registry/resource.ts';
import type { Resource } from '../registry/resource.ts';
import { translated } from '../registry/storage-failure.ts';
import type { ObjectStore } from '../storage/contract/objects.ts';
import type { APIKey } from '../types/generated/apikey.ts';
import type { User as Account, UserSpec } from '../types/generated/user.ts';

/** Writes of the server's own. */
export const AS_SERVER = {
  user: API_SERVER_USER,
  dryRun: false,
  fieldValidation: 'Strict',
  fieldManager: 'troupe-accounts',
} as const;

export const USER_RESOURCE = 'users.agent.wecode.io';
export const API_KEY_RESOURCE = 'apikeys.agent.wecode.io';

/** The objects of people and their keys, as the server itself reads and writes them. Failures are StatusErrors. */
export class AccountStore {
  readonly #registry: () => Registry;
  readonly #store: ObjectStore;

  constructor({ registry, store }: { registry: () => Registry; store: ObjectStore }) {
    this.#registry = registry;
    this.#store = store;
  }

  /** As memory has it; one that is not in memory is looked for as other replicas have it. */
  user(name: string): Promise<Account | undefined> {
    return this.#peek<Account>(USER_RESOURCE, name);
  }

  apiKey(name: string): Promise<APIKey | undefined> {
    return this.#peek<APIKey>(API_KEY_RESOURCE, name);
  }

  async users(): Promise<Account[]> {
    const { items } = await translated(this.#store.list({ resource: USER_RESOURCE }), atUsers);
    return items.map(({ object }) => object as unknown as Account);
  }

  async apiKeys(): Promise<APIKey[]> {
    const { items } = await translated(this.#store.list({ resource: API_KEY_RESOURCE }), atUsers);
    return items.map(({ object }) => object as unknown as APIKey);
  }

  /** @throws StatusError AlreadyExists, Invalid */
  async createUser(name: string, spec: UserSpec): Promise<Account> {
    const resource = this.resource(USER_RESOURCE);
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { name }, spec };
    const { object } = await this.#registry().create({ resource, namespace: '', body, ...AS_SERVER });
    return object.object as unknown as Account;
  }

  /** Sets fields of the spec, or takes out those that are undefined. @throws StatusError NotFound, Invalid */
  async changeUser(name: string, fields: Partial<Record<keyof UserSpec, unknown>>): Promise<Account> {
    const target = { resource: this.resource(USER_RESOURCE), namespace: '', name };
    const known = await this.user(name);
    const body = Object.entries(fields).flatMap(([field, value]) => changeOf(known, field, value));
    const { object } = await this.#registry().patch({ target, type: 'json', body, ...AS_SERVER });
    return object.object as unknown as Account;
  }

  /** Nothing is written for an object that is gone. */
  async noteStatus(qualified: string, name: string, status: Record<string, string>): Promise<void> {
    const target = { resource: this.resource(qualified), namespace: '', name };
    try {
      const request = { target, subresource: 'status', type: 'merge', body: { status } } as const;
      await this.#registry().patch({ ...request, ...AS_SERVER });
    } catch (error) {
      if (!isStatusError(error, 'NotFound')) throw error;
    }
  }

  /** A key that goes with its User. @throws StatusError AlreadyExists, Invalid */
  async createApiKey(name: string, owner: Account, spec: APIKey['spec']): Promise<APIKey> {
    const resource = this.resource(API_KEY_RESOURCE);
    const { apiVersion, kind, metadata } = owner;
    const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' }];
    const body = {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { name, ownerReferences },
      spec,
    };
    const { object } = await this.#registry().create({ resource, namespace: '', body, ...AS_SERVER });
    return object.object as unknown as APIKey;
  }

  async deleteApiKey(name: string, uid: string): Promise<void> {
    const target = { resource: this.resource(API_KEY_RESOURCE), namespace: '', name };
    await this.#registry().delete({ target, dryRun: false, preconditions: { uid }, user: API_SERVER_USER });
  }

  /** @throws Error when the kind is not served: it comes with the program */
  resource(qualified: string): Resource {
    const found = this.#registry()
      .catalog.current()
      .find((one) => storageResource(one) === qualified);
    if (found === undefined) throw new Error(`the kind ${qualified} is not defined`);
    return found;
  }

  async #peek<T>(resource: string, name: string): Promise<T | undefined> {
    const query = { resource, namespace: '', name };
    const [known] = (await translated(this.#store.list({ ...query, minRevision: 0 }), atUsers)).items;
    const found = known ?? (await translated(this.#store.get(query), atUsers));
    return found?.object as T | undefined;
  }
}

/** RFC 6902. To remove a field that is not there is an error. */
function changeOf(known: Account | undefined, field: string, value: unknown): object[] {
  const path = `/spec/${field}`;
  if (value !== undefined) return [{ op: 'add', path, value }];
  return known !== undefined && field in known.spec ? [{ op: 'remove', path }] : [];
}

const atUsers = { resource: { group: 'agent.wecode.io', plural: 'users' } };

const apiVersionOf = ({ group, version }: Resource): string => `${group}/${version}`;

export type { Account };
