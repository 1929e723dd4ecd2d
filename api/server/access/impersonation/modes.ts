import type { Attributes, ResourceAttributes } from '../../../machinery/users/authorizer.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { domainPrefixedPathProblems, subdomainProblems } from '../../../machinery/object-name.ts';
import { parseServiceAccountUserName } from '../../../machinery/users/service-account-user.ts';
import { MASTERS_GROUP } from '../../../machinery/users/user.ts';
import type { RequestedUser } from './requested-user.ts';

/** One way to be allowed to act as another user. */
export interface ImpersonationMode {
  /** `impersonate`, or `impersonate:MODE`. */
  verb: string;
  isConstrained: boolean;
  /** Whether such a user may be asked for in this mode. */
  covers(wanted: RequestedUser): boolean;
  /** In the order in which they are asked for. */
  neededRights(request: WantedRequest): NeededRight[];
}

interface WantedRequest {
  wanted: RequestedUser;
  attributes: Attributes;
}

export interface NeededRight {
  attributes: Attributes;
  /** Nobody may do it, for this reason. */
  never?: string;
}

const USERS: Pick<ResourceAttributes, 'group' | 'version'> = { group: '', version: 'v1' };
const AUTHENTICATION: typeof USERS = { group: 'authentication.k8s.io', version: 'v1' };

const hasNameOnly = ({ uid, groups, extra }: RequestedUser): boolean =>
  uid === '' && groups.length === 0 && extra.size === 0;
const isServiceAccount = ({ name }: RequestedUser): boolean =>
  parseServiceAccountUserName(name) !== undefined;

/** Such names are those of Nodes, which this server does not have: only the plain mode covers them. */
function isNode({ name }: RequestedUser): boolean {
  const prefix = 'system:node:';
  return name.startsWith(prefix) && subdomainProblems(name.slice(prefix.length)).length === 0;
}

/** In the order in which they are tried: the narrow ones first. */
export const IMPERSONATION_MODES: readonly ImpersonationMode[] = [
  constrained('serviceaccount', (wanted) => isServiceAccount(wanted) && hasNameOnly(wanted)),
  constrained('user-info', (wanted) => !isServiceAccount(wanted) && !isNode(wanted)),
  {
    verb: 'impersonate',
    isConstrained: false,
    covers: () => true,
    neededRights: ({ wanted }) => rightsFor('impersonate', wanted, USERS),
  },
];

/** Needs the right to do this very thing as somebody else, beside the right to be that user. */
function constrained(mode: string, covers: ImpersonationMode['covers']): ImpersonationMode {
  const verb = `impersonate:${mode}`;
  return {
    verb,
    isConstrained: true,
    covers,
    neededRights: ({ wanted, attributes }) => [
      { attributes: { ...attributes, verb: `impersonate-on:${mode}:${attributes.verb}` } },
      ...rightsFor(verb, wanted, AUTHENTICATION).map(neverMasters),
      ...wrongExtra(verb, wanted),
    ],
  };
}

function rightsFor(verb: string, wanted: RequestedUser, people: typeof USERS): NeededRight[] {
  const right = (resource: Partial<ResourceAttributes> & typeof USERS, name: string): NeededRight => ({
    attributes: {
      verb,
      path: '',
      resource: { plural: '', subresource: '', namespace: '', ...resource, name },
    },
  });
  const account = parseServiceAccountUserName(wanted.name);
  const user =
    account === undefined
      ? right({ ...people, plural: 'users' }, wanted.name)
      : right({ ...people, plural: 'serviceaccounts', namespace: account.namespace }, account.name);
  const uids = wanted.uid === '' ? [] : [right({ ...AUTHENTICATION, plural: 'uids' }, wanted.uid)];
  const groups = wanted.groups.map((group) => right({ ...people, plural: 'groups' }, group));
  const extra = [...wanted.extra].flatMap(([subresource, values]) =>
    values.map((value) => right({ ...AUTHENTICATION, plural: 'userextras', subresource }, value)),
  );
  return [user, ...uids, ...groups, ...extra];
}

/** What the plain mode leaves to its rules. */
function neverMasters(needed: NeededRight): NeededRight {
  const { resource } = needed.attributes;
  if (resource?.plural !== 'groups') return needed;
  if (resource.name === '')
    return { ...needed, never: 'impersonating the empty string group is not allowed' };
  if (resource.name !== MASTERS_GROUP) return needed;
  return { ...needed, never: 'impersonating the system:masters group is not allowed' };
}

function wrongExtra(verb: string, { extra }: RequestedUser): NeededRight[] {
  const problem = [...extra]
    .map(([key, values]) => extraProblem(key, values))
    .find((one) => one !== undefined);
  if (problem === undefined) return [];
  const resource = { ...AUTHENTICATION, plural: 'userextras', subresource: '', namespace: '', name: '' };
  return [{ attributes: { verb, path: '', resource }, never: problem }];
}

function extraProblem(key: string, values: readonly string[]): string | undefined {
  if (key === '') return 'impersonating the empty string key in extra is not allowed';
  const [problem] = domainPrefixedPathProblems(key);
  if (problem !== undefined)
    return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${goQuote(problem.value)}: ${problem.problem}`;
  if (key !== key.toLowerCase())
    return `impersonating a non-lowercase key in extra is not allowed: ${goQuote(key)}`;
  if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  return undefined;
}
