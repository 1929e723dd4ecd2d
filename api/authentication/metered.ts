import type { HistogramMetric, Meter, Metric } from '../machinery/meter.ts';
import type { Authenticator } from './authenticator.ts';

/** As kube-apiserver calls them (endpoints/filters/metrics.go), whose names do not end as counters usually do. */
const ATTEMPTS: Metric = {
  name: 'authentication_attempts',
  help: 'Requests whose credentials were looked at, by result.',
  labels: ['result'],
};
const USERS: Metric = {
  name: 'authenticated_user_requests',
  help: 'Requests of those who have logged in, by sorts of names.',
  labels: ['username'],
};
const DURATIONS: HistogramMetric = {
  name: 'authentication_duration_seconds',
  help: 'Time it took to tell who makes a request, by result.',
  labels: ['result'],
  buckets: Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power),
};

/** Counts who comes. `error`: wrong credentials; `failure`: none where some were needed. */
export function metered(authenticator: Authenticator, meter: Meter): Authenticator {
  const count = (result: 'error' | 'failure' | 'success', started: number): void => {
    meter.counter(ATTEMPTS, { result }).add();
    meter.histogram(DURATIONS, { result }).observe((performance.now() - started) / 1000);
  };
  return {
    async authenticate(credentials) {
      const started = performance.now();
      try {
        const user = await authenticator.authenticate(credentials);
        count(user === undefined ? 'failure' : 'success', started);
        if (user !== undefined) meter.counter(USERS, { username: sortOf(user.name) }).add();
        return user;
      } catch (error) {
        count('error', started);
        throw error;
      }
    },
  };
}

/** Names of people are neither for dashboards nor few enough. */
function sortOf(name: string): string {
  if (name === 'admin') return name;
  return name.includes('@') ? 'email_id' : 'other';
}
