import type { RunHttpCall } from '#executor-manager/protocol/action';
import { RunFailure, describeError } from '../../run-failure.ts';
import { cutText } from '../../text/cut.ts';
import type { AdapterContext } from '../adapter.ts';
import type { ActionResult } from './action-result.ts';
import { OUTPUT_BYTES, fits, jsonOf } from './json-output.ts';
import { requestHeaders } from './request-headers.ts';

/** Of the answer, for later steps; others may hold credentials, as Set-Cookie does. */
const SHOWN_HEADERS = ['content-type', 'etag', 'last-modified', 'link', 'location', 'retry-after'];
const MESSAGE_BYTES = 1000;

interface Answer {
  status: number;
  statusText: string;
  headers: Record<string, string>;
  body: string;
}

/**
 * Makes one request. The output is `{status, headers, body}`, with the body as a value where it is JSON.
 * Throws RunFailure ActionFailed for an address that may not be called, a service that does not answer in time, an answer
 * that is too large or has a status that is not expected, and the signal's reason.
 */
export async function callService(call: RunHttpCall, context: AdapterContext): Promise<ActionResult> {
  const { events, clock } = context;
  const { method = 'GET', url } = call;
  // A query may hold what is private.
  events.emit('status', { phase: 'Running', message: `${method} ${url.replace(/[?#].*$/s, '')}` });
  const began = clock.elapsed();
  const answer = await fetchInTime(call, context);
  const seconds = ((clock.elapsed() - began) / 1000).toFixed(2);
  const bytes = Buffer.byteLength(answer.body);
  const status = `${answer.status} ${answer.statusText}`.trim();
  events.emit('log', { stream: 'http', text: `${status}, ${bytes} bytes after ${seconds} s` });
  if (answer.body !== '') events.text('text', answer.body);
  events.flush();
  if (isExpected(answer.status, call)) return resultOf(answer);
  const words = answer.body.trim() === '' ? '' : `: ${cutText(answer.body.trim(), MESSAGE_BYTES)}`;
  throw new RunFailure('ActionFailed', `the service answered ${status}${words}`);
}

function isExpected(status: number, { expectedStatus }: RunHttpCall): boolean {
  return expectedStatus === undefined ? status >= 200 && status < 300 : expectedStatus.includes(status);
}

function resultOf({ status, headers, body }: Answer): ActionResult {
  const output = { status, headers, body: jsonOf(body) ?? body };
  if (fits(output)) return { value: body, output };
  const bytes = Buffer.byteLength(JSON.stringify(output));
  const warnings = [
    `The output would have ${bytes} bytes as JSON, of at most ${OUTPUT_BYTES}, or too many levels: it is without the body. The log of the Task has all of it.`,
  ];
  return { value: body, output: { status, headers }, warnings };
}

async function fetchInTime(call: RunHttpCall, context: AdapterContext): Promise<Answer> {
  const { clock, signal } = context;
  const late = new AbortController();
  const cancel = clock.after(call.timeoutSeconds * 1000, () => late.abort(new Error('too late')));
  try {
    return await fetchAnswer(call, context, AbortSignal.any([signal, late.signal]));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RunFailure) throw error;
    const why = late.signal.aborted
      ? `the service did not answer within ${call.timeoutSeconds} s`
      : `the service cannot be called: ${describeError(error)}`;
    throw new RunFailure('ActionFailed', why, error);
  } finally {
    cancel();
  }
}

async function fetchAnswer(call: RunHttpCall, context: AdapterContext, signal: AbortSignal): Promise<Answer> {
  const { method = 'GET', url, body } = call;
  const headers = requestHeaders(call);
  const calls = await context.openFetch();
  try {
    const response = await calls.fetch(url, {
      ...{ method, headers, signal },
      ...(body === undefined ? {} : { body }),
    });
    return {
      status: response.status,
      statusText: response.statusText,
      headers: shownHeaders(response.headers),
      body: await readBody(response, call.maxBytes),
    };
  } finally {
    await calls.close();
  }
}

function shownHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    SHOWN_HEADERS.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value] as const];
    }),
  );
}

/** @throws RunFailure ActionFailed for one that is too large, as soon as it is, packed or not. */
async function readBody({ body }: Response, most: number): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > most) throw new RunFailure('ActionFailed', `the answer has more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
