import type { Clock } from '../clock.ts';
import { sleep } from '../clock.ts';
import { RunFailure, describeError } from '../run-failure.ts';
import type { DiskUsage } from './disk-usage.ts';

const SHORTEST_MS = 2000;
const LONGEST_MS = 60_000;
/** Measuring costs at most about a twentieth of a processor and of the disk's time. */
const COST_FACTOR = 20;
/** An agent could keep the measure from running, by ending it or by using up the processes. */
const MOST_FAILURES = 3;

export interface DiskGuardOptions {
  /** Above 0. */
  limitBytes: number;
  /** Rejects when nothing can be told. */
  measure: (signal: AbortSignal) => Promise<DiskUsage>;
  clock: Clock;
  /** Ends the guard. */
  signal: AbortSignal;
  /** Called at most once, with the reason for which the run has to end; the guard has ended then. */
  onExceeded: (failure: RunFailure) => void;
  /** Called once when parts of the workspace cannot be measured. */
  onIncomplete: () => void;
}

/**
 * Watches the size of the workspace. A guard and no quota: engines limit a volume on few file systems only, so
 * between two looks more than the limit can be written. Resolves when it has ended; never rejects.
 */
export async function guardDisk(options: DiskGuardOptions): Promise<void> {
  const { limitBytes, measure, clock, signal, onExceeded } = options;
  let told = false;
  let failures = 0;
  let waitMs = SHORTEST_MS;
  while (await waited(clock, waitMs, signal)) {
    const began = clock.elapsed();
    try {
      const { bytes, complete } = await measure(signal);
      failures = 0;
      if (bytes > limitBytes) return onExceeded(tooLarge(limitBytes, bytes));
      if (!complete && !told) options.onIncomplete();
      told ||= !complete;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if (failures === MOST_FAILURES) return onExceeded(notMeasured(error));
    }
    waitMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, COST_FACTOR * (clock.elapsed() - began)));
  }
}

function tooLarge(limit: number, used: number): RunFailure {
  const message = `the workspace is larger than its limit of ${quantity(limit)} (${quantity(used)} used)`;
  return new RunFailure('AgentKilled', message);
}

function notMeasured(error: unknown): RunFailure {
  const message = `the size of the workspace could not be measured: ${describeError(error)}`;
  return new RunFailure('AgentKilled', message, error);
}

/** False once the signal has aborted. */
async function waited(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(clock, ms, signal);
    return true;
  } catch (error) {
    if (!signal.aborted) throw error;
    return false;
  }
}

const UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];

/** `12.3Gi`: a number of bytes as Kubernetes writes quantities, with at most one decimal. */
export function quantity(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Math.round(value * 10) / 10}${UNITS[unit]}`;
}
