import type { RunEvent } from '#executor-manager/protocol/run';
import { systemClock } from '../clock.ts';
import type { EventData } from '../events/event-spool.ts';
import { openServerFetch } from '../tools/server-fetch.ts';
import { Controls } from '../run/run-controls.ts';
import type { AdapterContext } from './adapter.ts';

/** An event that an adapter has brought about, for tests. */
export interface Told {
  type: RunEvent['type'];
  data: EventData;
}

/** A context for tests of adapters: what it is told is put into `told`; everything is allowed. */
export function madeUpContext(told: Told[], parts: Partial<AdapterContext> = {}): AdapterContext {
  return {
    events: {
      emit: (type, data) => void told.push({ type, data }),
      text: (type, text, more = {}) => void told.push({ type, data: { text, ...more } }),
      flush: () => undefined,
    },
    signal: new AbortController().signal,
    folder: '/',
    home: '/',
    runId: 'r1',
    clock: systemClock,
    environment: {},
    controls: new Controls(),
    permissions: {
      asks: false,
      decide: () => Promise.resolve({ behavior: 'allow' }),
      ask: () => Promise.resolve(''),
    },
    meter: {
      usage: (model, usage, costUSD) => {
        const cost = costUSD === undefined ? {} : { costUSD };
        told.push({ type: 'usage', data: { ...usage, ...cost, model } });
      },
      cost: (model, costUSD) => told.push({ type: 'usage', data: { costUSD, model } }),
      programCounts: () => undefined,
      turn: () => undefined,
      answered: () => undefined,
      toolCall: () => undefined,
      alive: () => undefined,
    },
    openFetch: () => openServerFetch({ environment: {} }),
    toolServers: [],
    skills: [],
    onSession: () => undefined,
    ...parts,
  };
}
