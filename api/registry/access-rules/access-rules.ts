import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { createRbacAuthorizer } from '../../authorization/rbac/rbac-authorizer.ts';
import { RbacPolicy } from '../../authorization/rbac/rbac-policy.ts';
import type { RuleResolver, RulesOfUser } from '../../authorization/rule-resolver.ts';
import type { Authorizer } from '../../machinery/users/authorizer.ts';
import type { User } from '../../machinery/users/user.ts';
import type { ObjectStore, StoredObject } from '../../storage/contract/objects.ts';
import type { Binding, PolicyRule, Role, RoleRef } from '../../types/rbac.ts';
import { translated } from '../storage-failure.ts';
import { FollowedObjects } from './followed-objects.ts';

export interface AccessRulesOptions {
  store: ObjectStore;
  clock: Clock;
  logger: Logger;
}

/** Roles and bindings as they are stored, kept current. */
export interface AccessRules extends RuleResolver {
  readonly authorizer: Authorizer;
  /** Calls back after each change, soon. The returned function ends that. */
  onChange(listener: () => void): () => void;
  stop(): Promise<void>;
}

const GROUP = 'rbac.authorization.k8s.io';
const ROLES = `roles.${GROUP}`;
const CLUSTER_ROLES = `clusterroles.${GROUP}`;
const ROLE_BINDINGS = `rolebindings.${GROUP}`;
const CLUSTER_ROLE_BINDINGS = `clusterrolebindings.${GROUP}`;

/** Resolves once all rules are in. @throws StorageError */
export async function startAccessRules(options: AccessRulesOptions): Promise<AccessRules> {
  const rules = new FollowedRules(options);
  await rules.start();
  return rules;
}

class FollowedRules implements AccessRules {
  readonly #policy = new RbacPolicy();
  readonly authorizer = createRbacAuthorizer({ policy: this.#policy, renew: () => this.#renew() });
  readonly #store: ObjectStore;
  readonly #followed: readonly FollowedObjects[];
  readonly #listeners = new Set<() => void>();
  #changes = 0;

  constructor(options: AccessRulesOptions) {
    const policy = this.#policy;
    this.#store = options.store;
    const roles = {
      set: ({ key, object }: StoredObject) => policy.setRole(key, (object as Role).rules ?? []),
      removed: (key: StoredObject['key']) => policy.removeRole(key),
    };
    const bindings = {
      set({ key: { namespace, name }, object }: StoredObject): void {
        const { roleRef, subjects = [] } = object as Binding;
        policy.setBinding({ namespace, name, roleRef, subjects });
      },
      removed: (key: StoredObject['key']) => policy.removeBinding(key),
    };
    const follow = (resource: string, { set, removed }: typeof bindings | typeof roles): FollowedObjects =>
      new FollowedObjects({
        ...options,
        resource,
        set: (object) => this.#changed(() => set(object)),
        removed: (key) => this.#changed(() => removed(key)),
      });
    // Roles first: a binding without its role gives nothing.
    this.#followed = [
      ...[CLUSTER_ROLES, ROLES].map((resource) => follow(resource, roles)),
      ...[CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS].map((resource) => follow(resource, bindings)),
    ];
  }

  async start(): Promise<void> {
    for (const followed of this.#followed) await followed.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#followed.map((followed) => followed.stop()));
  }

  async rulesOf(user: User, namespace: string): Promise<RulesOfUser> {
    await this.#renew();
    return this.#policy.rulesOf(user, namespace);
  }

  async rulesOfRole(ref: RoleRef, namespace: string): Promise<readonly PolicyRule[] | undefined> {
    await this.#renew();
    return this.#policy.rulesOfRole(ref, namespace);
  }

  /**
   * Takes in what any replica acknowledged before the call; resolves with whether something changed meanwhile.
   * @throws StatusError ServiceUnavailable
   */
  async #renew(): Promise<boolean> {
    const before = this.#changes;
    const resource = { group: GROUP, plural: 'clusterroles' };
    const newest = this.#store.list({ resource: CLUSTER_ROLES, limit: 1 });
    const { revision } = await translated(newest, { resource });
    for (const followed of this.#followed) await translated(followed.reach(revision), { resource });
    return this.#changes !== before;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(change: () => void): void {
    change();
    this.#changes += 1;
    for (const listener of this.#listeners) listener();
  }
}
