import type { Command } from 'commander';
import { createLogger, type LogLevel } from '../logger.ts';
import { parseListen } from './flags.ts';
import { runUntilSignal } from './lifetime.ts';

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
    .option('--listen <host:port>', 'address to serve on (HTTP)', parseListen, parseListen('127.0.0.1:8090'))
    .option('--log-level <level>', 'least important log line to print', 'warn')
    .action(async (flags: ModelServerFlags) => {
      const logger = createLogger(flags.logLevel);
      process.exitCode = await runUntilSignal(logger, async (lifetime) => {
        const { loadScript } = await import('#model-server/load-script');
        const { startModelServer } = await import('#model-server/model-server');
        const script = await loadScript(flags.script);
        const server = await startModelServer({ ...flags.listen, script, logger });
        lifetime.add({ name: 'model server', stop: () => server.close() });
        process.stdout.write(`troupe model-server ready at ${server.url}\n`);
      });
    });
}
