import { StatusError } from '../../machinery/status-error.ts';
import { replyJson } from './reply.ts';
import type { RequestContext } from '../server-environment.ts';

/** The answer for a document that can only be read; 405 with what is allowed (RFC 9110, section 15.5.6). */
export function whenRead(c: RequestContext, answer: () => Response): Response {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return answer();
  const text = 'the server does not allow this method on the requested resource';
  const refused = replyJson(new StatusError('MethodNotAllowed', text).toStatus(), { status: 405 });
  refused.headers.set('allow', 'GET, HEAD');
  return refused;
}
