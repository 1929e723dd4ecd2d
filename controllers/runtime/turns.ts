import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '#api/machinery/clock';

/** Long enough that the change costs little, and short beside the times of a Lease. */
const TURN_MS = 5;

/** Turns of the event loop, which the workers of one controller share. */
export interface Turns {
  /** Whether they have worked for so long without a pause that others of the process wait. */
  isOver(): boolean;
  /** Resolves when timers, sockets and other controllers have had their turn. */
  next(): Promise<void>;
}

/**
 * Runs that find nothing to do wait for nothing: a hundred thousand of them would be one turn of the event loop, in which no
 * Lease is renewed. A process that loses its Lease by that begins with all of them again, and loses it again.
 */
export function createTurns(clock: Clock): Turns {
  let began = clock.now();
  let turning: Promise<void> | undefined;
  const turn = async (): Promise<void> => {
    await nextTurn();
    turning = undefined;
    began = clock.now();
  };
  return {
    isOver() {
      const ms = clock.now() - began;
      // Somebody may have set the clock back.
      return turning !== undefined || ms >= TURN_MS || ms < 0;
    },
    next: () => (turning ??= turn()),
  };
}
