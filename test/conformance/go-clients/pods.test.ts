import { afterAll, beforeAll, describe, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { mustRun } from '../../kit/command.ts';
import { goProgram } from '../../kit/go-program.ts';
import { podExecutor } from '../../kit/pod-executor.ts';
import { PodPrograms } from '../../kit/pod-programs.ts';

const program = goProgram('clients');

/** client-go and controller-runtime with the Pods of a server that answers in JSON; test/go/clients/pods.go says what. */
describe.skipIf(program.missing)('Pods in Go', () => {
  const stack = new AsyncDisposableStack();
  let api: TestApi;
  beforeAll(async () => {
    api = stack.use(await testApi());
    stack.use(await podExecutor(api, { name: 'box', exec: new PodPrograms().exec }));
  });
  afterAll(() => stack.disposeAsync());

  it('are read by typed clients that ask for protobuf, cached, and have programs run in them', async () => {
    await mustRun(program.path, ['pods', 'box'], { env: { KUBECONFIG: api.kubeconfig } });
  });
});
