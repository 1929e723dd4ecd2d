import { systemClock } from './clock.ts';
import { imageEnvironment, inheritedEnvironment, readRunnerConfig } from './config.ts';
import { startRunnerServer } from './server/runner-server.ts';
import { withToolsFirst, withToolsLast } from './toolbox.ts';

/** The process inside a sandbox: `node runner.ts`, or one bundled file in the image. */
async function main(): Promise<void> {
  const config = readRunnerConfig();
  const inherited = inheritedEnvironment();
  const environment = withToolsFirst(inherited);
  const agentEnvironment = withToolsLast({ ...imageEnvironment(), ...inherited });
  const server = await startRunnerServer({
    config,
    environment,
    startRun: async (id, request) => {
      // Loaded with the first run: the runner is ready before the adapters are read.
      const { startRun } = await import('./run/run.ts');
      const { workspace, state } = config;
      return startRun({
        ...{ id, request, workspace, state, environment, agentEnvironment },
        clock: systemClock,
      });
    },
  });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void server.close().finally(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`troupe runner: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
