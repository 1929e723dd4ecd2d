import type { Hono } from 'hono';
import { readTraceparent } from '../machinery/tracing/trace-context.ts';
import type { TraceContext } from '../machinery/tracing/trace-context.ts';
import type { Span, Tracer } from '../machinery/tracing/tracer.ts';
import { ANONYMOUS } from '../machinery/users/user.ts';
import { isProcess } from './limits/priority-level.ts';
import type { ResourcePath } from './request/resource-path.ts';
import { isStream } from './resources/subresources.ts';
import type { RequestContext, ServerTypes } from './server-environment.ts';

/**
 * A span for each request that ends by itself. Whoever has logged in may have it in a trace of his own (the header
 * `traceparent`); requests of controllers and executor managers have one only then, since what they write by the clock
 * would be thousands of traces. Nothing is mounted where nothing is traced.
 */
export function mountTracing(
  app: Hono<ServerTypes>,
  tracer: Tracer,
  isServed: (place: ResourcePath) => boolean,
): void {
  if (!tracer.isOn) return;
  app.use('*', async (c, next) => {
    const parent = readTraceparent(c.req.header('traceparent'));
    if (!isTraced(c, parent)) return next();
    const { method } = c.req;
    const { place } = c.var;
    const known = place !== undefined && isServed(place) ? place : undefined;
    const route = known === undefined ? undefined : routeOf(known);
    const attributes = {
      'http.request.method': method,
      'http.route': route,
      'k8s.namespace.name': known?.namespace === '' ? undefined : known?.namespace,
      'troupe.object.name': known?.name === '' ? undefined : known?.name,
      'troupe.request_id': String(c.env.outgoing.getHeader('audit-id')),
    };
    const name = route === undefined ? method : `${method} ${route}`;
    return tracer.span(name, { parent, kind: 'server', attributes }, async (span) => {
      await next();
      tellStatus(span, c.res.status);
    });
  });
}

/** Events of a Task come many times in a second, and are in its log. */
const UNTRACED: ReadonlySet<string> = new Set(['log', 'events']);

function isTraced({ var: { user, attributes, place } }: RequestContext, parent?: TraceContext): boolean {
  if (user.name === ANONYMOUS.name) return false;
  if (parent === undefined && isProcess(user)) return false;
  if (place === undefined) return true;
  return !UNTRACED.has(place.subresource) && !isStream(attributes.verb, place.subresource);
}

/** A failure of the server is one of the span; that of a client is not (semantic conventions for HTTP spans). */
function tellStatus(span: Span, status: number): void {
  span.set({ 'http.response.status_code': status });
  if (status >= 500) span.fail(String(status));
}

/** The path with the names in it left open. */
function routeOf({ group, version, namespace, plural, name, subresource }: ResourcePath): string {
  const start = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const parts = [
    ...(namespace === '' ? [] : ['namespaces', '{namespace}']),
    plural,
    ...(name === '' ? [] : ['{name}']),
    ...(subresource === '' ? [] : [subresource]),
  ];
  return `${start}/${parts.join('/')}`;
}
