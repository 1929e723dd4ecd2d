import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Store } from '../../storage/contract/store.ts';
import type { Registry } from '../registry.ts';
import type { RetentionRules } from './rules.ts';

/** What a round of retention works with. */
export interface RetentionRound {
  store: Pick<Store, 'commit' | 'list' | 'retention'>;
  registry: Registry;
  clock: Clock;
  logger: Logger;
  rules: RetentionRules;
  /** Aborts when the server stops: the round ends after the batch it is at. */
  signal: AbortSignal;
}

/** Requests get their turn: with SQLite a batch is one piece of work that nothing interrupts. */
export const nextTurn = (): Promise<void> => new Promise(setImmediate);
