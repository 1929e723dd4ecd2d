import type { WakeUp } from './contract.ts';

/** For a single process: there is nobody to tell. */
export const noWakeUp: WakeUp = {
  publish() {},
  subscribe: () => () => {},
  async close() {},
};
