import { afterAll, beforeAll, describe, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { mustRun } from '../../kit/command.ts';
import { goProgram } from '../../kit/go-program.ts';

const program = goProgram('clients');

/** client-go and controller-runtime, as they are; test/go/clients says what each of these looks at. */
describe.skipIf(program.missing)('Go clients', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await testApi();
  });
  afterAll(() => api[Symbol.asyncDispose]());

  const check = (name: string, env: Record<string, string> = {}): Promise<string> =>
    mustRun(program.path, [name], { env: { KUBECONFIG: api.kubeconfig, ...env } });

  it('informers hold what the server holds, by streamed lists', async () => {
    await check('informers', { KUBE_FEATURE_WatchListClient: 'true' });
  });

  it('informers hold what the server holds, by lists in pages', async () => {
    await check('informers', { KUBE_FEATURE_WatchListClient: 'false' });
  });

  it.each([
    { name: 'watches', does: 'watch on, know of bookmarks and take pages' },
    { name: 'typed', does: 'write the kinds of core/v1 in protobuf, and apply them' },
    { name: 'events', does: 'record Events of both groups' },
    { name: 'discovery', does: 'find kinds, names and schemas' },
    { name: 'scale', does: 'scale a kind of a user' },
    { name: 'reconciler', does: 'reconcile a kind of a user with controller-runtime' },
  ])('$name: $does', async ({ name }) => {
    await check(name);
  });
});
