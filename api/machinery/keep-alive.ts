import type { Clock } from './clock.ts';

/** A session of HTTP/2, as far as this needs it. */
export interface PingedSession {
  readonly destroyed: boolean;
  ping(answered: (error: Error | null) => void): unknown;
  destroy(): void;
}

const PING_MS = 15_000;

/**
 * Ends a session whose other side does not answer: a machine that is gone says nothing.
 * @returns ends the pings
 */
export function keepAlive(session: PingedSession, clock: Clock): () => void {
  let answered = true;
  let cancel: () => void;
  const look = (): void => {
    // Between its end and the event that tells of it, a ping would throw.
    if (session.destroyed) return;
    if (!answered) return session.destroy();
    answered = false;
    session.ping((error) => {
      answered = error === null;
    });
    cancel = clock.after(PING_MS, look);
  };
  cancel = clock.after(PING_MS, look);
  return () => cancel();
}
