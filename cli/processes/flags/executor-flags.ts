import { Option } from 'commander';
import type { Command } from 'commander';
import { parseDuration } from '../../duration.ts';
import { addValue } from './flag-values.ts';
import { addKubernetesFlags, kubernetesSettings } from './kubernetes-flags.ts';
import type { KubernetesDriverFlags } from './kubernetes-flags.ts';

/** Flags of the executor manager, alone or within `troupe server`. */
export interface ExecutorFlags extends KubernetesDriverFlags {
  driver: 'auto' | 'docker' | 'kubernetes' | 'process';
  /** Milliseconds. */
  heartbeatInterval?: number;
  heartbeatLostAfter?: number;
  /** Each as KEY=VALUE. */
  label?: string[];
}

export function addExecutorFlags(command: Command): Command {
  return addKubernetesFlags(command)
    .addOption(
      new Option(
        '--driver <name>',
        'where sandboxes run; auto takes docker when DOCKER_HOST is set or an engine answers',
      )
        .choices(['auto', 'docker', 'kubernetes', 'process'])
        .default('auto'),
    )
    .option('--heartbeat-interval <duration>', 'how often the Executor reports (10s)', parseDuration)
    .option(
      '--heartbeat-lost-after <duration>',
      'after so long without a report it is not ready; at least twice the interval (four intervals)',
      parseDuration,
    )
    .option(
      '--label <key=value>',
      'label of the Executor that begins with executor.agent.wecode.io/, again for more',
      addValue,
    );
}

/** As the configuration of the executor manager has it, which judges the values. */
export function executorSettings(flags: ExecutorFlags) {
  const { driver, heartbeatInterval, heartbeatLostAfter, label } = flags;
  return {
    driver,
    kubernetes: kubernetesSettings(flags),
    heartbeat: {
      ...(heartbeatInterval === undefined ? {} : { intervalSeconds: heartbeatInterval / 1000 }),
      ...(heartbeatLostAfter === undefined ? {} : { lostAfterSeconds: heartbeatLostAfter / 1000 }),
    },
    ...(label === undefined ? {} : { labels: label }),
  };
}
