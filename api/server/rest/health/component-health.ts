import { formatTime } from '../../../machinery/clock.ts';

/** `degraded`: requests are answered, and something that users count on is away. `unhealthy`: they are not. */
export type HealthStatus = 'degraded' | 'healthy' | 'unhealthy';

export interface ComponentHealth {
  status: HealthStatus;
  /** Why, or how it stands; never a name of a host. */
  message?: string;
  [detail: string]: unknown;
}

/** All that is known when somebody asks. */
export interface HealthFacts {
  isStopping: boolean;
  database: DatabaseFacts;
  /** Hints of other replicas; `unused` without Redis. */
  redis: 'away' | 'ok' | 'unused';
  executors: { total: number; ready: number };
}

export interface DatabaseFacts {
  isAway: boolean;
  /** Of the last check that worked. */
  latencyMs?: number;
  /** Milliseconds since the epoch; absent before the first check has ended. */
  checkedAt?: number;
}

export type ComponentName = 'database' | 'executors' | 'redis';

export interface HealthReport {
  status: HealthStatus;
  /** Why it is not healthy; empty otherwise. */
  message: string;
  components: Record<ComponentName, ComponentHealth>;
}

/** Without the database nothing is answered; without Redis or Executors only some things are. */
export function healthReport(facts: HealthFacts): HealthReport {
  const components = {
    database: databaseHealth(facts.database),
    redis: redisHealth(facts.redis),
    executors: executorsHealth(facts.executors),
  };
  const { database, redis, executors } = components;
  const stopping = facts.isStopping ? ['the server is stopping'] : [];
  const broken = [...stopping, ...trouble(database)];
  const lacking = [...trouble(redis), ...trouble(executors)];
  const status = broken.length > 0 ? 'unhealthy' : lacking.length > 0 ? 'degraded' : 'healthy';
  return { status, message: [...broken, ...lacking].join('; '), components };
}

const trouble = ({ status, message = '' }: ComponentHealth): string[] =>
  status === 'healthy' ? [] : [message];

function databaseHealth({ isAway, latencyMs, checkedAt }: DatabaseFacts): ComponentHealth {
  const checked = checkedAt === undefined ? {} : { checked_at: formatTime(checkedAt) };
  if (isAway) return { status: 'unhealthy', message: 'the database cannot be used', ...checked };
  return { status: 'healthy', ...(latencyMs === undefined ? {} : { latency_ms: latencyMs }), ...checked };
}

function redisHealth(hints: HealthFacts['redis']): ComponentHealth {
  if (hints === 'unused') return { status: 'healthy', message: 'Redis is not used', used: false };
  if (hints === 'ok') return { status: 'healthy', used: true };
  return { status: 'unhealthy', message: 'Redis is away; replicas poll', used: true };
}

function executorsHealth({ total, ready }: HealthFacts['executors']): ComponentHealth {
  const status = ready === 0 ? 'unhealthy' : ready < total ? 'degraded' : 'healthy';
  const message = ready === 0 ? 'no Executor is ready' : `${ready} of ${total} Executors are ready`;
  return { status, ...(status === 'healthy' ? {} : { message }), ready, total };
}
