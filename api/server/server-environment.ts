import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Clock } from '../machinery/clock.ts';
import type { Logger } from '../machinery/logger.ts';
import type { Registry } from '../registry/registry.ts';
import type { User } from '../machinery/user.ts';
import type { RequestPlaces } from './limits/in-flight.ts';
import type { Metrics } from './metrics.ts';
import type { RequestAttributes } from './access/request-attributes.ts';

/** Hono's types for this server: every request comes with Node's own request and response. */
export interface ServerTypes {
  Bindings: HttpBindings;
  Variables: {
    attributes: RequestAttributes;
    user: User;
    /** The places the request takes among those under way. */
    places: RequestPlaces;
  };
}

export type RequestContext = Context<ServerTypes>;

/** What the handlers of resources work with. */
export interface HandlerOptions {
  registry: Registry;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  /** Aborts when the server stops: streams end then. */
  closing: AbortSignal;
}
