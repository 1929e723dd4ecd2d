import type { JudgedLink } from '../../registry/approvals/approval-links.ts';
import { phaseOf } from '../../types/approval.ts';

/**
 * The page behind an address that decides. To look at it decides nothing: programs that check mails open every address in
 * them. The button posts to the same address.
 */
export function decisionPage({ approval, decision, user }: JudgedLink): string {
  const { metadata, spec } = approval;
  const verb = decision === 'Approved' ? 'Approve' : 'Reject';
  const isOpen = phaseOf(approval) === 'Pending';
  const use = spec.tool === undefined ? '' : `${spec.tool} ${JSON.stringify(spec.input ?? {}, null, 2)}`;
  return page(`${verb}?`, [
    `<h1>${verb}?</h1>`,
    `<p>Task <b>${escaped(spec.taskRef.name)}</b> in ${escaped(metadata.namespace ?? '')} asks:</p>`,
    `<pre>${escaped(spec.message)}</pre>`,
    use === '' ? '' : `<pre>${escaped(use)}</pre>`,
    isOpen
      ? `<form method="post"><p><input name="reason" maxlength="1000" placeholder="Why (for the record)"></p>` +
        `<p><button>${verb} as ${escaped(user.name)}</button></p></form>`
      : `<p>Nobody waits for it: it is ${escaped(phaseOf(approval))}.</p>`,
  ]);
}

export function decidedPage(decision: string): string {
  return page(decision, [`<h1>${escaped(decision)}</h1>`, '<p>Thank you. You can close this page.</p>']);
}

const page = (title: string, body: readonly string[]): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title>` +
  `<meta name="viewport" content="width=device-width"><body>${body.join('')}</body></html>`;

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
};

/** The texts on a page come from people, agents and repositories. */
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (one) => ENTITIES[one] ?? '');
