/**
 * After a delivery the next one waits so long for each reader that got something, in milliseconds: about what a write to
 * its socket takes. A crowd of readers then takes about half of the time, and the busier the store is the more events
 * share a write.
 */
const PAUSE_MS_PER_READER = 0.05;
/** So few get every event at once. */
const SMALL_CROWD = 100;
/** Ten thousand readers need longer than this; their events still come in good time. */
const LONGEST_PAUSE_MS = 100;

/** Milliseconds between a delivery to so many readers and the next one; 0 where they are few. */
export const crowdPauseMs = (readers: number): number =>
  Math.min(Math.max(readers - SMALL_CROWD, 0) * PAUSE_MS_PER_READER, LONGEST_PAUSE_MS);
