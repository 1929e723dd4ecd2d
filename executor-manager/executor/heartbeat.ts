import { backOffDelay } from '#api/machinery/back-off';
import { sleep } from '#api/machinery/clock';
import type { ProcessHealth } from '#api/machinery/health-check';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import { executorNotReady, executorReady } from '#api/types/executor';
import type { EngineState } from '../drivers/driver.ts';
import { ownLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import { reportExecutor } from './registration.ts';
import type { RegistrationOptions } from './registration.ts';

export interface HeartbeatOptions extends RegistrationOptions {
  check: () => Promise<EngineState>;
  /** Called before a report is sent; the function that it returns, when the API took the report. */
  reporting?: () => () => void;
  /** Called when the API no longer knows this manager. */
  onRefused?: () => void;
  /** Those that the operator wants. */
  labels: Labels;
  logger: Logger;
  signal: AbortSignal;
}

const CHECK_MS = 5000;
/** While the engine or the API is away: it is noticed soon when they are back. */
const BACK_OFF = { first: 250, max: 5000 };

export interface Heartbeat {
  /** Alive while it beats; ready while the engine answers and the API takes the beats. */
  health: ProcessHealth;
  /** Resolves when the Executor was reported for the first time. */
  first: Promise<void>;
  /** Ends with the signal. */
  done: Promise<void>;
}

/** Keeps the Executor object true: engine state, load, time of the last sign of life. */
export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const first = Promise.withResolvers<void>();
  const pulse: Pulse = { at: options.clock.now(), engine: undefined, isReported: false };
  const done = beat(options, pulse, first.resolve);
  return { first: first.promise, done, health: healthOf(pulse, options) };
}

/** The last beat. */
interface Pulse {
  /** When it was, in milliseconds since the epoch. */
  at: number;
  engine: EngineState | undefined;
  /** The API took it. */
  isReported: boolean;
}

const REFUSED =
  'the API refuses this executor manager: its Executor was removed, another machine has joined as it, or its token has ended; its sandboxes pause';

/** A beat may wait for an engine and for an API that hang, and retries; a loop that is late by more is stuck. */
const STUCK_MS = 5 * 60_000;

const beatMs = ({ facts }: HeartbeatOptions): number => facts.heartbeat.intervalSeconds * 1000;

function healthOf(pulse: Pulse, options: HeartbeatOptions): ProcessHealth {
  const { clock } = options;
  const fail = (message: string): never => {
    throw new Error(message);
  };
  return {
    live: [
      {
        name: 'heartbeat',
        async run() {
          const ms = clock.now() - pulse.at;
          if (ms > beatMs(options) + STUCK_MS) fail(`the last heartbeat was ${ms} ms ago`);
        },
      },
    ],
    ready: [
      {
        name: 'engine',
        async run() {
          if (pulse.engine?.ready !== true) fail(pulse.engine?.message ?? 'the engine was not asked yet');
        },
      },
      {
        name: 'registered',
        async run() {
          if (!pulse.isReported) fail('the API did not take the last heartbeat');
        },
      },
    ],
  };
}

async function beat(options: HeartbeatOptions, pulse: Pulse, onFirst: () => void): Promise<void> {
  const { signal, clock } = options;
  let failures = 0;
  let was: boolean | undefined;
  while (!signal.aborted) {
    const state = await checkInTime(options);
    if (state.ready !== was) options.logger[state.ready ? 'info' : 'warn'](state.message);
    was = state.ready;
    const onTaken = options.reporting?.();
    const reported = !signal.aborted && (await report(options, state));
    if (reported) {
      onFirst();
      onTaken?.();
    }
    Object.assign(pulse, { at: clock.now(), engine: state, isReported: reported });
    const fine = reported && state.ready;
    failures = fine ? 0 : failures + 1;
    const wait = fine ? beatMs(options) : backOffDelay(BACK_OFF, failures);
    await sleep(clock, wait, signal).catch(() => undefined);
  }
}

/** An engine that hangs must not keep the heartbeat back, or the executor itself would count as lost. */
async function checkInTime({ check, clock }: HeartbeatOptions): Promise<EngineState> {
  const late = Promise.withResolvers<EngineState>();
  const message = `The engine did not answer within ${CHECK_MS / 1000} s.`;
  const cancel = clock.after(CHECK_MS, () => late.resolve({ ready: false, message }));
  try {
    return await Promise.race([check(), late.promise]);
  } finally {
    cancel();
  }
}

async function report(options: HeartbeatOptions, state: EngineState): Promise<boolean> {
  const { platform } = state;
  const ready = state.ready
    ? executorReady(state.message)
    : executorNotReady('EngineUnavailable', state.message);
  // An engine that is away says nothing about its platform, which stays what it was.
  const known = state.ready
    ? { labels: ownLabels(options.labels, { runtime: options.facts.driver, platform }) }
    : {};
  try {
    await reportExecutor(options, { ready, ...known });
    return true;
  } catch (error) {
    if (isStatusError(error, 'Unauthorized')) {
      options.onRefused?.();
      options.logger.error(REFUSED);
    } else options.logger.warn('heartbeat failed', { cause: describeError(error) });
    return false;
  }
}
