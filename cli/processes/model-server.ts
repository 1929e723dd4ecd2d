import { Option } from 'commander';
import type { Command } from 'commander';
import { createLogger, LOG_LEVELS } from '../logger.ts';
import type { LogLevel } from '../logger.ts';
import { listenOption } from './flags/flags.ts';
import { runUntilSignal } from './lifetime.ts';
import { explainStartError } from './start-error.ts';

interface ModelServerFlags {
  script: string;
  listen: { host: string; port: number };
  logLevel: LogLevel;
}

/** `troupe model-server`: a scripted model that speaks the Anthropic and OpenAI protocols (docs/model-server.md). */
export function registerModelServer(program: Command): void {
  program
    .command('model-server')
    .description('serve a scripted model: tests of Teams without a token spent')
    .requiredOption('--script <file>', 'YAML script of rules')
    .addOption(listenOption('address to serve on (HTTP); :PORT for all of them', '127.0.0.1:8090'))
    .addOption(
      new Option('--log-level <level>', 'least important log line to print')
        .choices(LOG_LEVELS)
        .default('warn'),
    )
    .action(async (flags: ModelServerFlags) => {
      const logger = createLogger(flags.logLevel);
      process.exitCode = await runUntilSignal(logger, async (lifetime) => {
        const { loadScript } = await import('#model-server/load-script');
        const { startModelServer } = await import('#model-server/model-server');
        const script = await loadScript(flags.script);
        const server = await startModelServer({ ...flags.listen, script, logger }).catch((error: unknown) => {
          throw explainStartError(error, flags);
        });
        lifetime.add({ name: 'model server', stop: () => server.close() });
        process.stdout.write(`troupe model-server ready at ${server.url}\n`);
      });
    });
}
