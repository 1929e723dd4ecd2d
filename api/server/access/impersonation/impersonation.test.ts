import { describe, expect, it } from 'vitest';
import type { Attributes, Authorizer } from '../../../machinery/users/authorizer.ts';
import type { User } from '../../../machinery/users/user.ts';
import { createAccess } from '../access.ts';
import type { AllowedRequest } from '../access.ts';
import { requestHead } from '../request-head.ts';

const bob: User = { name: 'bob', groups: ['staff', 'system:authenticated'] };

/** A right as `VERB PLURAL[/SUBRESOURCE][.GROUP] [NAMESPACE/]NAME`. */
function rightOf({ verb, resource }: Attributes): string {
  if (resource === undefined) return verb;
  const { plural, subresource, group, namespace, name } = resource;
  const full = `${plural}${subresource === '' ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`;
  return `${verb} ${full} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** Bob may do what `rights` say; whoever he becomes may do everything. */
function authorizerOf(rights: readonly string[], asked: string[] = []): Authorizer {
  return {
    async authorize({ name }, attributes) {
      const right = rightOf(attributes);
      if (name === 'bob') asked.push(right);
      const isAllowed = name !== 'bob' || rights.includes(right);
      return { verdict: isAllowed ? 'allow' : 'no opinion', reason: '' };
    },
  };
}

function check(
  rights: readonly string[],
  lines: readonly string[],
  asked: string[] = [],
): Promise<AllowedRequest> {
  const access = createAccess({
    authenticator: { authenticate: () => Promise.resolve(bob) },
    authorizer: authorizerOf(rights, asked),
  });
  const url = '/api/v1/namespaces/a/secrets/s';
  return access.check(requestHead({ url, headers: {}, rawHeaders: lines }));
}

const USERS = 'impersonate users alice';
const EXTRAS = 'impersonate userextras/example.org/team.authentication.k8s.io';

describe('acting as somebody else', () => {
  it.each<[string, readonly string[], readonly string[], User]>([
    [
      'a user is logged in',
      [USERS],
      ['Impersonate-User', 'alice'],
      { name: 'alice', groups: ['system:authenticated'] },
    ],
    [
      'headers have no case',
      [USERS],
      ['IMPERSONATE-USER', 'alice'],
      { name: 'alice', groups: ['system:authenticated'] },
    ],
    [
      'each group is asked for by itself; a comma belongs to its name',
      [USERS, 'impersonate groups a, b', 'impersonate groups c'],
      ['Impersonate-User', 'alice', 'Impersonate-Group', 'a, b', 'Impersonate-Group', 'c'],
      { name: 'alice', groups: ['a, b', 'c', 'system:authenticated'] },
    ],
    [
      'who is said not to have logged in has not',
      [USERS, 'impersonate groups system:unauthenticated'],
      ['Impersonate-User', 'alice', 'Impersonate-Group', 'system:unauthenticated'],
      { name: 'alice', groups: ['system:unauthenticated'] },
    ],
    [
      'the anonymous have not logged in',
      ['impersonate users system:anonymous'],
      ['Impersonate-User', 'system:anonymous'],
      { name: 'system:anonymous', groups: ['system:unauthenticated'] },
    ],
    [
      'a ServiceAccount is in its groups',
      ['impersonate serviceaccounts ns/robot'],
      ['Impersonate-User', 'system:serviceaccount:ns:robot'],
      {
        name: 'system:serviceaccount:ns:robot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
      },
    ],
    [
      'groups replace those of a ServiceAccount',
      ['impersonate serviceaccounts ns/robot', 'impersonate groups g'],
      ['Impersonate-User', 'system:serviceaccount:ns:robot', 'Impersonate-Group', 'g'],
      { name: 'system:serviceaccount:ns:robot', groups: ['g', 'system:authenticated'] },
    ],
    [
      'a name that only looks like a ServiceAccount is that of a user',
      ['impersonate users system:serviceaccount:ns:a:b'],
      ['Impersonate-User', 'system:serviceaccount:ns:a:b'],
      { name: 'system:serviceaccount:ns:a:b', groups: ['system:authenticated'] },
    ],
    [
      'uid',
      [USERS, 'impersonate uids.authentication.k8s.io 7'],
      ['Impersonate-User', 'alice', 'Impersonate-Uid', '7'],
      { name: 'alice', uid: '7', groups: ['system:authenticated'] },
    ],
    [
      'keys of extra are lower case and decoded, each value is asked for',
      [USERS, `${EXTRAS} x`, `${EXTRAS} y`],
      [
        'Impersonate-User',
        'alice',
        'Impersonate-Extra-Example.Org%2Fteam',
        'x',
        'impersonate-extra-example.org%2fTEAM',
        'y',
      ],
      { name: 'alice', groups: ['system:authenticated'], extra: { 'example.org/team': ['x', 'y'] } },
    ],
    [
      'a key that is not encoded well stands for itself',
      [USERS, 'impersonate userextras/a%zz.authentication.k8s.io x'],
      ['Impersonate-User', 'alice', 'Impersonate-Extra-a%zz', 'x'],
      { name: 'alice', groups: ['system:authenticated'], extra: { 'a%zz': ['x'] } },
    ],
    [
      'names are UTF-8',
      ['impersonate users jürgen'],
      ['Impersonate-User', Buffer.from('jürgen').toString('latin1')],
      { name: 'jürgen', groups: ['system:authenticated'] },
    ],
    [
      'the first of several users counts',
      [USERS],
      ['Impersonate-User', 'alice', 'Impersonate-User', 'root'],
      { name: 'alice', groups: ['system:authenticated'] },
    ],
  ])('%s', async (_, rights, lines, want) => {
    expect(await check(rights, lines)).toMatchObject({ user: want, impersonator: bob });
  });

  it('is nobody else without such headers, or with an empty name', async () => {
    const rights = ['get secrets a/s'];
    for (const lines of [[], ['Impersonate-User', ''], ['X-Impersonate-User', 'alice']]) {
      const { user, impersonator } = await check(rights, lines);
      expect({ user, impersonator }).toEqual({ user: bob, impersonator: undefined });
    }
  });

  it('judges the request by the rights of that user alone', async () => {
    const asked: string[] = [];
    await check([USERS], ['Impersonate-User', 'alice'], asked);
    expect(asked).not.toContain('get secrets a/s');
  });

  it.each<[string, readonly string[], number, string]>([
    [
      'a group alone',
      ['Impersonate-Group', 'g'],
      400,
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} without impersonating a user name',
    ],
    [
      'extra alone',
      ['Impersonate-Extra-b', 'x', 'Impersonate-Extra-a', 'y'],
      400,
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"y"}, "b":[]string{"x"}}} without impersonating a user name',
    ],
    [
      'a uid alone',
      ['Impersonate-Uid', '7'],
      400,
      'requested &user.DefaultInfo{Name:"", UID:"7", Groups:[]string(nil), Extra:map[string][]string(nil)} without impersonating a user name',
    ],
    ['no UTF-8', ['Impersonate-User', '\u00FF'], 400, 'the header "impersonate-user" is not UTF-8'],
    [
      'nothing is allowed: the narrow mode says what it needs',
      ['Impersonate-User', 'alice'],
      403,
      'secrets "s" is forbidden: User "bob" cannot impersonate-on:user-info:get resource "secrets" in API group "" in the namespace "a"',
    ],
    [
      'nor as a ServiceAccount',
      ['Impersonate-User', 'system:serviceaccount:ns:robot'],
      403,
      'secrets "s" is forbidden: User "bob" cannot impersonate-on:serviceaccount:get resource "secrets" in API group "" in the namespace "a"',
    ],
    [
      'a Node has the plain mode only',
      ['Impersonate-User', 'system:node:one'],
      403,
      'users "system:node:one" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope',
    ],
  ])('refuses: %s', async (_, lines, code, message) => {
    await expect(check([], lines)).rejects.toMatchObject({ code, message });
  });

  it.each([
    ['a group', ['Impersonate-Group', 'system:masters']],
    ['a uid', ['Impersonate-Uid', '7']],
    ['extra', ['Impersonate-Extra-scopes', 'x']],
  ])('needs a right for %s beside that for the user', async (_, lines) => {
    await expect(check([USERS], ['Impersonate-User', 'alice', ...lines])).rejects.toMatchObject({
      code: 403,
    });
  });
});

describe('acting as somebody else for one thing (KEP-5284)', () => {
  const ON = 'impersonate-on:user-info:get secrets a/s';
  const AS = 'impersonate:user-info users.authentication.k8s.io alice';

  it('needs the right to do that thing so, and to be that user', async () => {
    const allowed = await check([ON, AS], ['Impersonate-User', 'alice']);
    expect(allowed).toMatchObject({
      user: { name: 'alice' },
      impersonator: bob,
      impersonationConstraint: 'impersonate:user-info',
    });
    const refused = check([ON], ['Impersonate-User', 'alice']);
    await expect(refused).rejects.toMatchObject({
      message:
        'users.authentication.k8s.io "alice" is forbidden: User "bob" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
    });
  });

  it('is told apart from the plain right', async () => {
    expect(await check([USERS], ['Impersonate-User', 'alice'])).not.toHaveProperty('impersonationConstraint');
  });

  it('knows a ServiceAccount by its name alone', async () => {
    const rights = [
      'impersonate-on:serviceaccount:get secrets a/s',
      'impersonate:serviceaccount serviceaccounts.authentication.k8s.io ns/robot',
    ];
    const name = ['Impersonate-User', 'system:serviceaccount:ns:robot'];
    expect((await check(rights, name)).user.groups).toContain('system:serviceaccounts:ns');
    await expect(check(rights, [...name, 'Impersonate-Group', 'g'])).rejects.toMatchObject({ code: 403 });
  });

  it.each([
    ['Impersonate-Group', 'system:masters', 'impersonating the system:masters group is not allowed'],
    ['Impersonate-Group', '', 'impersonating the empty string group is not allowed'],
    [
      'Impersonate-Extra-team',
      'x',
      'impersonating an invalid key in extra is not allowed: extra.key: Invalid value: "team": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    ['Impersonate-Extra-', 'x', 'impersonating the empty string key in extra is not allowed'],
    [
      'Impersonate-Extra-example.org%2Fteam',
      '',
      'impersonating the empty string value in extra is not allowed',
    ],
    [
      'Impersonate-Extra-example.org%2F%54eam',
      'x',
      'impersonating a non-lowercase key in extra is not allowed: "example.org/Team"',
    ],
  ])('refuses %s: %s', async (header, value, why) => {
    const authorizer: Authorizer = {
      authorize: (_user, { verb }) =>
        Promise.resolve({ verdict: verb === 'impersonate' ? 'deny' : 'allow', reason: '' }),
    };
    const access = createAccess({ authenticator: { authenticate: () => Promise.resolve(bob) }, authorizer });
    const rawHeaders = ['Impersonate-User', 'alice', header, value];
    const refused = access.check(requestHead({ url: '/api', headers: {}, rawHeaders }));
    await expect(refused).rejects.toMatchObject({ code: 403, message: expect.stringContaining(why) });
  });
});
