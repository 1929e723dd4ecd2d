import type { Clock } from '../../machinery/clock.ts';
import type { Answer } from '../answer/outgoing.ts';
import { badRequest, StatusError } from '../../machinery/status-error.ts';

/** How long a request may take; clients can ask for less. @throws StatusError BadRequest */
export function deadlineOf(timeout: string | undefined, longestMs: number): number {
  if (timeout === undefined || timeout === '') return longestMs;
  const ms = parseGoDuration(timeout);
  if (ms === undefined) {
    const shown = JSON.stringify(timeout.slice(0, 100));
    const fault = /^[-+]?[\d.]+$/.test(timeout) ? 'missing unit in' : 'invalid';
    throw badRequest(`invalid timeout specified in the request URL - time: ${fault} duration ${shown}`);
  }
  return ms > 0 && ms < longestMs ? ms : longestMs;
}

const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION = /^[-+]?(?:0|(?:(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:ns|us|µs|ms|s|m|h)){1,8})$/;

/** Go's time.ParseDuration, such as `1m30s`; in milliseconds. */
function parseGoDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)([a-zµ]+)/g)) {
    ms += Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  return text.startsWith('-') ? -ms : ms;
}

/** A client that does not even take the error, or the rest of what it asked for, is cut off. */
const GRACE_MS = 5000;

/**
 * Until the deadline the work has to be done, and its answer taken: who reads slowly must not hold memory for good.
 * What is still worked on then goes on, but nobody waits for it. @throws StatusError Timeout
 */
export async function withinDeadline<T>(
  work: Promise<T>,
  { ms, clock, answer }: { ms: number; clock: Clock; answer: Answer },
): Promise<T> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => {
      if (answer.begun()) answer.cut();
      else cancel = clock.after(GRACE_MS, () => answer.cut());
      reject(timedOut());
    });
  });
  // Nobody may wait for it any more when it comes.
  late.catch(() => undefined);
  answer.onClosed(() => cancel());
  return await Promise.race([work, late]);
}

/** Waits for a body, which has to be there by the deadline; the work may take longer. @throws StatusError Timeout */
export async function arrivesWithin<T>(
  arrival: Promise<T>,
  { ms, clock, answer }: { ms: number; clock: Clock; answer: Answer },
): Promise<T> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => {
      cancel = clock.after(GRACE_MS, () => answer.cut());
      reject(timedOut());
    });
  });
  late.catch(() => undefined);
  arrival.then(() => cancel()).catch(() => cancel());
  answer.onClosed(() => cancel());
  return await Promise.race([arrival, late]);
}

function timedOut(): StatusError {
  return new StatusError('Timeout', 'Timeout: request did not complete within the allotted timeout', {
    details: {},
  });
}
