import type { Logger } from '../machinery/logger.ts';
import type { WakeUp } from './contract.ts';
import { noWakeUp } from './wake-up.ts';
export function connectRedis(_options: { url: string; logger: Logger }): WakeUp {
  return noWakeUp;
}
