import { readObject } from './body.ts';
import type { ObjectBody, ParsedBody } from './body.ts';
import type { RequestContext } from '../server-environment.ts';

/** Reads the object that a POST or PUT sends, and notes it for the audit log. @throws as readObject */
export async function readWritten(c: RequestContext, options: ObjectBody): Promise<ParsedBody> {
  const body = await readObject(c.env.incoming, options);
  c.var.audited?.requestObject(body.value);
  return body;
}
