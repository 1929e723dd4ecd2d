import type { Faults } from '#api/client/with-faults';
import { unavailable } from '#api/machinery/status-error';

/** Every third call fails, half of them after the server has done it; every 25th event of a watch cuts it. */
export function everyThird(): Faults {
  let calls = 0;
  let events = 0;
  const fail = (remainder: number) => () => {
    calls += 1;
    if (calls % 6 === remainder) throw unavailable('injected');
  };
  return {
    before: fail(1),
    after: fail(4),
    onEvent() {
      events += 1;
      return events % 25 === 0 ? 'end' : 'pass';
    },
  };
}
