import { createRbacAuthorizer } from '#api/authorization/rbac/rbac-authorizer';
import { RbacPolicy } from '#api/authorization/rbac/rbac-policy';
import { mastersMayDoEverything } from '#api/authorization/authorizers';
import { createUnionAuthorizer } from '#api/machinery/users/authorizer';
import type { Attributes, Authorizer } from '#api/machinery/users/authorizer';
import type { User } from '#api/machinery/users/user';
import type { PolicyRule } from '#api/types/rbac';
import type { Figure } from '../load/figure.ts';

const ROLES = 1_000;
const BINDINGS = 5_000;
const NAMESPACES = 100;
const USERS = 500;
const REQUESTS = 40_000;
const ROUNDS = 7;
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
  const floor = middle(await judged(lookUp, (n) => [one(n), asks(n, 'get')]));
  const measure = async (name: string, question: Question): Promise<Figure> =>
    figure(name, await judged(authorizer, question), floor);
  return [
    await measure('a request that is allowed', (n) => [one(n), asks(n, 'get')]),
    await measure('a request that no rule allows', (n) => [one(n), asks(n, 'approve')]),
    await measure(`by a user with all ${ROLES} roles`, (n) => [crowded, asks(n, 'approve')]),
    await measure(`by that user, of one name in ${ROLES}`, (n) => [crowded, asksForSecret(n)]),
    figure(
      'a role changes, then a request',
      await changed({ policy, authorizer, count: 2000 }, (n) => [one(n), asks(n, 'get')]),
      floor,
    ),
    figure(
      `a role changes, then a request by a user with all ${ROLES}`,
      await changed({ policy, authorizer, count: 20 }, (n) => [crowded, asks(n, 'approve')]),
      floor,
    ),
  ];
}

/** The least that could be done: one look-up of user, verb and resource. */
const lookUp: Authorizer = {
  async authorize({ name }, { verb, resource }) {
    const allowed = KNOWN.has(
      `${name} ${verb} ${resource?.group} ${resource?.plural} ${resource?.namespace}`,
    );
    return { verdict: allowed ? 'allow' : 'no opinion', reason: '' };
  },
};
const KNOWN = new Set(
  Array.from(
    { length: BINDINGS },
    (_, n) => `user-${n % USERS} get agent.wecode.io tasks ns-${n % NAMESPACES}`,
  ),
);

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

/** Each role has a Secret of its own by name. */
function asksForSecret(number: number): Attributes {
  const resource = { group: '', version: 'v1', plural: 'secrets', subresource: '', namespace: 'ns-1' };
  return { verb: 'get', path: '', resource: { ...resource, name: `secret-${number % ROLES}` } };
}

type Question = (number: number) => [User, Attributes];

/** Microseconds of each in every round, once the indexes of the users are there. */
async function judged(authorizer: Authorizer, question: Question): Promise<number[]> {
  const questions = Array.from({ length: USERS * 2 }, (_, number) => question(number));
  const round = async (): Promise<void> => {
    for (const [user, attributes] of questions) await authorizer.authorize(user, attributes);
  };
  await round();
  const repeats = REQUESTS / questions.length;
  return rounds(REQUESTS, async () => {
    for (let n = 0; n < repeats; n++) await round();
  });
}

interface Changing {
  policy: RbacPolicy;
  authorizer: Authorizer;
  count: number;
}

function changed({ policy, authorizer, count }: Changing, question: Question): Promise<number[]> {
  return rounds(count, async () => {
    for (let n = 0; n < count; n++) {
      policy.setRole({ namespace: '', name: `role-${n % ROLES}` }, rulesOf(n % ROLES));
      await authorizer.authorize(...question(n));
    }
  });
}

/** Microseconds of each of `count`; of the processor, so that others on the machine do not count. */
async function rounds(count: number, run: () => Promise<void>): Promise<number[]> {
  const all: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    all.push((user + system) / count);
  }
  return all.toSorted((a, b) => a - b);
}

/** Of sorted figures. */
const middle = (all: readonly number[]): number => all[Math.floor(all.length / 2)] ?? 0;

function figure(name: string, all: readonly number[], floor: number): Figure {
  const text = (value = 0): string => value.toFixed(2);
  return {
    name: `authorize ${name}`,
    on: `${ROLES} roles, ${BINDINGS} bindings`,
    value: `${text(middle(all))} us (best ${text(all[0])}, worst ${text(all.at(-1))})`,
    floor: `one look-up ${text(floor)} us`,
    ratio: middle(all) / floor,
  };
}
