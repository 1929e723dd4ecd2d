import { createRbacAuthorizer } from '#api/authorization/rbac/rbac-authorizer';
import { RbacPolicy } from '#api/authorization/rbac/rbac-policy';
import { mastersMayDoEverything } from '#api/authorization/authorizers';
import { createUnionAuthorizer } from '#api/machinery/authorizer';
import type { Attributes, Authorizer } from '#api/machinery/authorizer';
import type { User } from '#api/machinery/user';
import type { PolicyRule } from '#api/types/rbac';
import type { Figure } from '../load/figure.ts';

const ROLES = 1_000;
const BINDINGS = 5_000;
const NAMESPACES = 100;
const USERS = 500;
const REQUESTS = 200_000;
const RBAC = 'rbac.authorization.k8s.io';

/** The costs of judging a request, in the process itself; the bar is 20 us with so many roles and bindings. */
export async function measureAuthorization(): Promise<Figure[]> {
  const policy = filledPolicy();
  const rbac = createRbacAuthorizer({ policy, renew: () => Promise.resolve(false) });
  const authorizer = createUnionAuthorizer([
    { name: 'masters', authorizer: mastersMayDoEverything },
    { name: 'rbac', authorizer: rbac },
  ]);
  const one = (number: number): User => ({ name: `user-${number % USERS}`, groups: groupsOf(number) });
  const crowded: User = { name: 'crowded', groups: ['system:authenticated', 'all-roles'] };
  return [
    figure('a request that is allowed', await judged(authorizer, (n) => [one(n), asks(n, 'get')])),
    figure('a request that no rule allows', await judged(authorizer, (n) => [one(n), asks(n, 'approve')])),
    figure(
      `by a user with all ${ROLES} roles`,
      await judged(authorizer, (n) => [crowded, asks(n, 'approve')]),
    ),
    figure(
      'a role changes, then a request',
      await changed(policy, authorizer, (n) => [one(n), asks(n, 'get')]),
    ),
  ];
}

const groupsOf = (number: number): string[] => ['system:authenticated', `team-${number % 50}`];

/** Each role has three rules; each user has ten bindings, one of them with a role for what is asked. */
function filledPolicy(): RbacPolicy {
  const policy = new RbacPolicy();
  for (let n = 0; n < ROLES; n++) policy.setRole({ namespace: '', name: `role-${n}` }, rulesOf(n));
  for (let n = 0; n < BINDINGS; n++) {
    policy.setBinding({
      namespace: `ns-${n % NAMESPACES}`,
      name: `binding-${n}`,
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: `role-${n % ROLES}` },
      subjects: [{ kind: 'User', apiGroup: RBAC, name: `user-${n % USERS}` }],
    });
  }
  for (let n = 0; n < ROLES; n++) {
    policy.setBinding({
      namespace: '',
      name: `all-${n}`,
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: `role-${n}` },
      subjects: [{ kind: 'Group', apiGroup: RBAC, name: 'all-roles' }],
    });
  }
  return policy;
}

function rulesOf(number: number): PolicyRule[] {
  const kinds = ['tasks', 'bots', 'teams', 'models', 'ghosts', 'shells'];
  return [
    { verbs: ['get', 'list', 'watch'], apiGroups: ['agent.wecode.io'], resources: kinds },
    { verbs: ['create', 'update'], apiGroups: ['agent.wecode.io'], resources: ['tasks', `kind-${number}`] },
    { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: [`secret-${number}`] },
  ];
}

function asks(number: number, verb: string): Attributes {
  const namespace = `ns-${number % NAMESPACES}`;
  const resource = { group: 'agent.wecode.io', version: 'v1', plural: 'tasks', subresource: '', namespace };
  return { verb, path: '', resource: { ...resource, name: `task-${number}` } };
}

type Question = (number: number) => [User, Attributes];

/** Microseconds of each, once the indexes of the users are there. */
async function judged(authorizer: Authorizer, question: Question): Promise<number> {
  const questions = Array.from({ length: USERS * 2 }, (_, number) => question(number));
  const round = async (): Promise<void> => {
    for (const [user, attributes] of questions) await authorizer.authorize(user, attributes);
  };
  await round();
  const rounds = REQUESTS / questions.length;
  const before = process.cpuUsage();
  for (let n = 0; n < rounds; n++) await round();
  return microsecondsSince(before) / REQUESTS;
}

async function changed(policy: RbacPolicy, authorizer: Authorizer, question: Question): Promise<number> {
  const count = 10_000;
  const before = process.cpuUsage();
  for (let n = 0; n < count; n++) {
    policy.setRole({ namespace: '', name: `role-${n % ROLES}` }, rulesOf(n % ROLES));
    await authorizer.authorize(...question(n));
  }
  return microsecondsSince(before) / count;
}

/** Of the processor: others on the machine do not count. */
function microsecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const figure = (name: string, us: number): Figure => ({
  name: `authorize ${name}`,
  on: `${ROLES} roles, ${BINDINGS} bindings`,
  value: `${us.toFixed(2)} us`,
});
