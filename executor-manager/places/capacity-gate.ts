/** Lets at most `limit` holders in; the others wait in the order in which they came. */
export interface CapacityGate {
  /** Waits for a place. The function returned gives it back (once; further calls do nothing). Rejects when `signal` aborts. */
  enter(signal: AbortSignal): Promise<() => void>;
  /** Takes a place at once, above the limit when need be: for what runs already. */
  adopt(): () => void;
  /** Whether the next to enter would wait. */
  isFull(): boolean;
  /** Places taken. */
  taken(): number;
}

export function createCapacityGate(limit: number): CapacityGate {
  let taken = 0;
  const waiting: (() => void)[] = [];

  const admit = (): void => {
    while (taken < limit && waiting.length > 0) {
      taken += 1;
      waiting.shift()?.();
    }
  };
  const place = (): (() => void) => {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      taken -= 1;
      admit();
    };
  };

  return {
    isFull: () => taken >= limit || waiting.length > 0,
    taken: () => taken,
    adopt() {
      taken += 1;
      return place();
    },
    enter(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const onAbort = (): void => {
          waiting.splice(waiting.indexOf(turn), 1);
          reject(signal.reason as Error);
        };
        const turn = (): void => {
          signal.removeEventListener('abort', onAbort);
          resolve(place());
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.push(turn);
        admit();
      });
    },
  };
}
