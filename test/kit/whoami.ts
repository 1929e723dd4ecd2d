import type { TestApi } from './api.ts';

export const WHOAMI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
export const SELF_REVIEW = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };

export interface KnownUser {
  username?: string;
  groups?: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

/** As whom a token counts; the code of the answer when it does not. */
export async function whoIs(
  api: TestApi,
  token: string | undefined,
  headers: Record<string, string> = {},
): Promise<KnownUser | number> {
  const answer = await api.send(WHOAMI, { method: 'POST', body: SELF_REVIEW, token, headers });
  if (answer.status !== 201) return answer.status;
  return (answer.json() as unknown as { status: { userInfo: KnownUser } }).status.userInfo;
}
