import { temporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from './api.ts';
import type { TestApi } from './api.ts';
import { commandsFor } from './command.ts';
import type { CommandOptions, CommandResult } from './command.ts';

/** An API server, and kubectl as its owner with a home folder of its own. */
export interface KubectlApi extends AsyncDisposable {
  api: TestApi;
  /** The home folder. */
  home: string;
  kubectl(args: readonly string[], options?: Omit<CommandOptions, 'env'>): Promise<CommandResult>;
}

export async function kubectlApi(): Promise<KubectlApi> {
  await using stack = new AsyncDisposableStack();
  const api = stack.use(await testApi());
  const home = stack.use(await temporaryFolder('kubectl-home')).path;
  const { kubectl } = commandsFor(api.kubeconfig);
  const owned = stack.move();
  return {
    ...{ api, home },
    kubectl: (args, options) => kubectl(args, { ...options, env: { HOME: home } }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
