import { expect, it } from 'vitest';
import { withAuthenticatedGroup } from './authenticated-group.ts';
import type { Credentials } from './authenticator.ts';

it.each([
  ['somebody', 'ann', ['staff'], ['staff', 'system:authenticated']],
  ['somebody who is in it', 'ann', ['system:authenticated'], ['system:authenticated']],
  ['somebody who is said not to be', 'ann', ['system:unauthenticated'], ['system:unauthenticated']],
  ['the anonymous', 'system:anonymous', ['staff'], ['staff']],
])('%s is in the groups that follow', async (_, name, groups, want) => {
  const authenticator = withAuthenticatedGroup({ authenticate: async () => ({ name, groups }) });
  expect(await authenticator.authenticate({} as Credentials)).toEqual({ name, groups: want });
});
