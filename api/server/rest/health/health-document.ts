import type { OpenApiSchema } from '../../openapi/schema.ts';
import { operation } from '../rest-operation.ts';
import type { Operations } from '../rest-operation.ts';
import { ref, successOf } from '../rest-schemas.ts';

const STATUS: OpenApiSchema = {
  type: 'string',
  enum: ['healthy', 'degraded', 'unhealthy'],
  description:
    'degraded: requests are answered, and Redis or an Executor is away. unhealthy: the answer is 503.',
};
const number = (description: string): OpenApiSchema => ({ type: 'number', description });
const text = (description: string): OpenApiSchema => ({ type: 'string', description });

const component = (details: Readonly<Record<string, OpenApiSchema>>): OpenApiSchema => ({
  type: 'object',
  required: ['status'],
  properties: { status: STATUS, message: text('Why, or how it stands.'), ...details },
});

const COMPONENTS = {
  database: component({
    latency_ms: number('Of a write and a read, when they last worked.'),
    checked_at: { type: 'string', format: 'date-time', description: 'When that was.' },
  }),
  redis: component({ used: { type: 'boolean', description: 'False without TROUPE_REDIS_URL.' } }),
  executors: component({
    ready: number('Executors that take runs.'),
    total: number('Executors that there are.'),
  }),
};

const DETAILED: OpenApiSchema = {
  type: 'object',
  required: ['status', 'message', 'components', 'version', 'schema', 'uptime_seconds'],
  properties: {
    status: STATUS,
    message: text('Why it is not healthy; empty otherwise.'),
    components: { type: 'object', required: Object.keys(COMPONENTS), properties: COMPONENTS },
    version: text('Of the server.'),
    schema: number('Of the tables: how many migrations came after the first one.'),
    uptime_seconds: number('Since this server was started.'),
  },
};

/** The descriptions of `/api/v1/health` and what is below it. */
export function healthPaths(): Record<string, Operations> {
  const overall = { type: 'object', required: ['status'], properties: { status: STATUS } };
  const parts = Object.entries(COMPONENTS).map(([name, schema]) => [
    `/api/v1/health/${name}`,
    { get: get(`${name}Health`, `How ${SUBJECTS[name as keyof typeof COMPONENTS]}`, schema) },
  ]);
  return {
    '/api/v1/health': { get: { ...get('health', 'How the server does', overall), security: [] } },
    '/api/v1/health/detailed': { get: get('detailedHealth', 'How the server and its parts do', DETAILED) },
    ...(Object.fromEntries(parts) as Record<string, Operations>),
  };
}

const SUBJECTS: Record<keyof typeof COMPONENTS, string> = {
  database: 'the database does',
  redis: 'Redis does',
  executors: 'the Executors do',
};

function get(id: string, summary: string, data: OpenApiSchema): object {
  const described = operation({ id, summary, answer: successOf(data), failure: 'Failure' }) as {
    responses: object;
  };
  const unhealthy = { type: 'object', allOf: [ref('Failure')], required: ['data'], properties: { data } };
  const content = { 'application/json': { schema: unhealthy } };
  return { ...described, responses: { ...described.responses, 503: { description: 'Unhealthy', content } } };
}
