import { Option } from 'commander';
import type { Command } from 'commander';
import { parseListen } from './flags.ts';

/** Where a process answers about its health, without TLS and without asking who asks. */
export interface HealthAddress {
  host: string;
  port: number;
  /** It is the default, which another process may have: any free port will do. */
  mayMove: boolean;
}

export interface HealthFlags {
  healthAddress: HealthAddress | 'none';
}

/** Beside 7443 of the API: one each, so that the processes of one machine have known ones. */
export const HEALTH_PORTS = { controllers: 7444, 'executor-manager': 7445 } as const;

export function addHealthFlag(command: Command, process: keyof typeof HEALTH_PORTS): Command {
  const port = HEALTH_PORTS[process];
  return command.addOption(
    new Option(
      '--health-address <host:port>',
      'where to answer /livez, /readyz and /metrics over HTTP; none for nowhere. When the default is taken, a free port',
    )
      .argParser(parseHealthAddress)
      .default({ host: '127.0.0.1', port, mayMove: true } satisfies HealthAddress, `127.0.0.1:${port}`),
  );
}

export function parseHealthAddress(text: string): HealthAddress | 'none' {
  return text === 'none' ? 'none' : { ...parseListen(text), mayMove: false };
}
