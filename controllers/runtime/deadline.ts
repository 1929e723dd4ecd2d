import type { Clock } from '#api/machinery/clock';

/**
 * Calls `late` when the time is over, and two turns of the event loop later. A process that stood still, as one does that gets no
 * CPU, finds its timers due before it has taken in what came meanwhile (the phases of the event loop in the documentation of
 * Node): work that has ended would be taken for stuck.
 * @param ms milliseconds
 * @returns how to take it back
 */
export function deadline(clock: Clock, ms: number, late: () => void): () => void {
  let isOff = false;
  const cancel = clock.after(ms, () => {
    setImmediate(() =>
      setImmediate(() => {
        if (!isOff) late();
      }),
    );
  });
  return () => {
    isOff = true;
    cancel();
  };
}
