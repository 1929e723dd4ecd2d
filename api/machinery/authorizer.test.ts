import { expect, it } from 'vitest';
import { createUnionAuthorizer } from './authorizer.ts';
import type { Attributes, Authorizer, Decision } from './authorizer.ts';
import { ANONYMOUS } from './user.ts';

const attributes: Attributes = { verb: 'get', path: '/metrics', resource: undefined };

const says = (verdict: Decision['verdict'], reason = ''): Authorizer => ({
  authorize: () => Promise.resolve({ verdict, reason }),
});
const fails: Authorizer = { authorize: () => Promise.reject(new Error('roles cannot be read')) };

it.each<[Authorizer[], Decision, string]>([
  [[], { verdict: 'no opinion', reason: '' }, 'nobody to ask'],
  [[says('no opinion'), says('allow', 'b')], { verdict: 'allow', reason: 'b' }, 'the first who decides'],
  [[says('deny', 'a'), says('allow', 'b')], { verdict: 'deny', reason: 'a' }, 'a denial ends it'],
  [
    [fails, says('allow', 'b')],
    { verdict: 'allow', reason: 'b' },
    'a failure does not keep others from deciding',
  ],
  [
    [says('no opinion', 'a'), says('no opinion'), says('no opinion', 'c')],
    { verdict: 'no opinion', reason: 'a\nc' },
    'reasons are kept',
  ],
])('asks one after the other: %#', async (authorizers, decision, reason) => {
  expect(await createUnionAuthorizer(authorizers).authorize(ANONYMOUS, attributes), reason).toEqual(decision);
});

it('cannot tell when one failed and nobody decided', async () => {
  const union = createUnionAuthorizer([fails, says('no opinion')]);
  await expect(union.authorize(ANONYMOUS, attributes)).rejects.toThrow('an authorizer failed');
});
