import type { Session } from './session.ts';

/** A client as the server knows it. */
export interface UserInfo {
  username?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

/** Asks as whom the server sees this command. */
export async function askUserInfo({ connection: { transport } }: Session): Promise<UserInfo> {
  const { text } = await transport.send({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  const { userInfo = {} } = (JSON.parse(text) as { status: { userInfo?: UserInfo } }).status;
  return userInfo;
}
