import type { WakeUp } from '../contract.ts';

/** For a single process: there is nobody to tell. */
export const noWakeUp: WakeUp = {
  listening: false,
  publish() {},
  subscribe: () => () => {},
  async close() {},
};
