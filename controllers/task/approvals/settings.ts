import type { ApprovalSpec } from '#api/types/generated/approval';
import { namesAnybody } from '#api/types/approval';

/** How people are asked: `spec.approval` of a Team, and of its members. */
export type ApprovalSettings = Pick<
  ApprovalSpec,
  'approvers' | 'escalation' | 'notify' | 'onTimeout' | 'timeoutSeconds'
>;

/** Where the settings of a node and of its Team stand. */
export interface AskedBy {
  team: ApprovalSettings | undefined;
  /** Each field comes before that of the Team. */
  own: ApprovalSettings | undefined;
}

export const settingsOf = ({ team, own }: AskedBy): ApprovalSettings => ({ ...team, ...own });

/**
 * Whether nothing but an Approval counts. Else whoever may change the Task could decide in the place of those who are
 * named, by spec.currentStage or spec.answers.
 */
export const isGuarded = (by: AskedBy): boolean => namesAnybody(settingsOf(by).approvers);

/** The same for Approvals of any namespace: the Secret is one of the namespace of the Team. */
export function withSecretNamespace(settings: ApprovalSettings, namespace: string): ApprovalSettings {
  const { webhook } = settings.notify ?? {};
  if (webhook === undefined) return settings;
  const secretRef = { ...webhook.secretRef, namespace };
  return { ...settings, notify: { ...settings.notify, webhook: { ...webhook, secretRef } } };
}
