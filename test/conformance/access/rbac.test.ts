import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RbacPolicy } from '#api/authorization/rbac/rbac-policy';
import type { Attributes } from '#api/machinery/users/authorizer';
import type { User } from '#api/machinery/users/user';
import { roleEscalation } from '#api/registry/admission/role-escalation';
import type { CreateAdmission } from '#api/registry/admission/admission';
import type { Resource } from '#api/registry/resource';
import { loadDefinitions } from '#api/schema/load-crds';
import type { PolicyRule } from '#api/types/rbac';
import { goProgram } from '../../kit/go-program.ts';
import { JUDGED_SEED, startJudge } from '../../kit/judge.ts';
import type { Judge } from '../../kit/judge.ts';
import { policies } from './policy-family.ts';
import type { PolicyAnswer, PolicyQuestion } from './policy-family.ts';

/** Sets of roles with requests and rules that are given, each judged by kube-apiserver's own evaluator and check. */
const CASES = Number(process.env['TROUPE_JUDGED_CASES'] ?? 2000);
const BUDGET_MS = process.env['TROUPE_JUDGED_CASES'] === undefined ? 60_000 : 3_600_000;

const program = goProgram('rbac-judge');

describe.skipIf(program.missing)('RBAC', () => {
  let judge: Judge<PolicyQuestion, PolicyAnswer>;
  beforeAll(() => {
    judge = startJudge(program.path);
  });
  afterAll(() => judge[Symbol.asyncDispose]());

  it(
    'allows, and lets give, what kube-apiserver does',
    async () => {
      const property = fc.asyncProperty(policies, async (question) => {
        const { allowed, lacking } = await judge.ask(question);
        const want = { allowed, lacking: lacking.map((text) => abridged(text.replace(RESOLUTION, ''))) };
        expect(await ourAnswer(question)).toEqual(want);
      });
      await fc.assert(property, { seed: JUDGED_SEED, numRuns: CASES, interruptAfterTimeLimit: BUDGET_MS });
    },
    BUDGET_MS + 60_000,
  );
});

/** Its roles are in memory, and so are missing in other words. */
const RESOLUTION = /; resolution errors: .*$/s;

/** Behind the first line, each lacking rule is a line; ours names a hundred. */
function abridged(text: string): string {
  const [head = '', ...lacking] = text.split('\n');
  const more = lacking.length - 100;
  return [head, ...lacking.slice(0, 100), ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

function policyOf(question: PolicyQuestion): RbacPolicy {
  const policy = new RbacPolicy();
  for (const { metadata, rules } of [...question.clusterRoles, ...question.roles]) {
    policy.setRole({ namespace: metadata.namespace ?? '', name: metadata.name }, rules);
  }
  for (const { metadata, ...binding } of [...question.clusterRoleBindings, ...question.roleBindings]) {
    policy.setBinding({ namespace: metadata.namespace ?? '', name: metadata.name, ...binding });
  }
  return policy;
}

async function ourAnswer(question: PolicyQuestion): Promise<PolicyAnswer> {
  const policy = policyOf(question);
  const allowed = question.requests.map(
    (asked) => policy.decide(asked.user, attributesOf(asked)).verdict === 'allow',
  );
  const lacking: string[] = [];
  for (const { user, namespace, rules } of question.given)
    lacking.push(await whyNot(policy, { user, namespace, rules }));
  return { allowed, lacking };
}

function attributesOf(asked: PolicyQuestion['requests'][number]): Attributes {
  const { verb, path, isResource, group, resource: plural, subresource, namespace, name } = asked;
  if (!isResource) return { verb, path, resource: undefined };
  return { verb, path, resource: { group, version: 'v1', plural, subresource, namespace, name } };
}

const definitions = loadDefinitions();
const kind = (name: string): Resource =>
  definitions.find((one) => one.kind === name) ?? expect.fail(`no kind ${name}`);
const [ROLE, CLUSTER_ROLE] = [kind('Role'), kind('ClusterRole')];

/** Nobody may bind or escalate: what is left is whether the rules are covered. */
async function whyNot(
  policy: RbacPolicy,
  { user, namespace, rules }: { user: User; namespace: string; rules: PolicyRule[] },
): Promise<string> {
  const check = roleEscalation({
    authorizer: { authorize: () => Promise.resolve({ verdict: 'no opinion', reason: '' }) },
    ruleResolver: {
      rulesOf: (who, where) => Promise.resolve({ ...policy.rulesOf(who, where), missing: [] }),
      rulesOfRole: () => Promise.resolve(undefined),
    },
  });
  const metadata = { name: 'x', ...(namespace !== '' && { namespace }) };
  const resource = namespace === '' ? CLUSTER_ROLE : ROLE;
  const object = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: resource.kind, metadata, rules };
  const request: CreateAdmission = {
    ...{ resource, subresource: undefined, namespace, name: 'x', user, dryRun: false },
    ...{ operation: 'CREATE', object, previous: undefined },
  };
  try {
    await check.validate(request);
    return '';
  } catch (error) {
    return (error as Error).message.replace(/^\S+ "x" is forbidden: /, '');
  }
}
