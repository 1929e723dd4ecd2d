import type { Hono } from 'hono';
import { DECISION_PATH } from '../../registry/approvals/approval-links.ts';
import type { ApprovalLinks, JudgedLink } from '../../registry/approvals/approval-links.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { parseMediaType } from '../request/media-type.ts';
import { parseJson, readBytes } from '../request/body.ts';
import { done } from '../users/login-routes.ts';
import type { RequestContext, ServerTypes } from '../server-environment.ts';
import { decidedPage, decisionPage } from './decision-page.ts';

/** Where an address decides: `POST /webhooks/approvals/NAMESPACE/NAME?token=TOKEN`; a GET shows what it would. */
const ROUTE = `${DECISION_PATH}:namespace/:name` as const;
const MOST_BYTES = 16 * 1024;
const FORM = 'application/x-www-form-urlencoded';

export const isDecisionAddress = (path: string): boolean => path.startsWith(DECISION_PATH);

export function mountDecisions(app: Hono<ServerTypes>, links: ApprovalLinks): void {
  app.get(ROUTE, async (c) => html(decisionPage(await judged(c, links))));
  app.post(ROUTE, async (c) => {
    const link = await judged(c, links);
    c.var.audited?.logsInAs(link.user.name);
    const { reason, isForm } = await readReason(c);
    const { status } = await links.decide(link, reason === '' ? {} : { reason });
    const decision = status?.decision ?? '';
    return isForm ? html(decidedPage(decision)) : done(decision.toLowerCase());
  });
}

function judged(c: RequestContext, links: ApprovalLinks): Promise<JudgedLink> {
  const { namespace = '', name = '' } = c.req.param() as Record<string, string>;
  return links.judge({ namespace, name, token: c.req.query('token') ?? '' });
}

async function readReason(c: RequestContext): Promise<{ reason: string; isForm: boolean }> {
  const { incoming } = c.env;
  const text = (await readBytes(incoming, MOST_BYTES)).toString('utf8');
  const { type } = parseMediaType(incoming.headers['content-type'] ?? '');
  if (type === FORM) return { reason: new URLSearchParams(text).get('reason') ?? '', isForm: true };
  const { reason } = fieldsOf(text === '' ? {} : parseJson(text, 'decision'));
  return { reason: typeof reason === 'string' ? reason : '', isForm: false };
}

/** A page of ours: it may post its form to where it came from, and do nothing else. */
function html(text: string): Response {
  return new Response(text, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
      // With no-referrer a browser says that the form came from nowhere (Fetch, "append a request Origin header").
      'referrer-policy': 'same-origin',
    },
  });
}
