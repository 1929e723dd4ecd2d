import { expect } from 'vitest';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';

export const CORE = '/api/v1/namespaces/default';
export const SECRETS = `${CORE}/secrets`;
export const REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';

interface Review {
  authenticated?: boolean;
  user: object;
  audiences?: string[];
  error?: string;
}

/** ServiceAccounts of a server, and what it makes of their tokens. */
export interface ServiceAccounts {
  /** Creates an object; its uid. */
  made(collection: string, name: string, more?: object): Promise<string>;
  account(name: string): Promise<string>;
  /** Asks for a token. */
  request(name: string, spec?: object): Promise<ApiAnswer>;
  tokenOf(name: string, spec?: object): Promise<string>;
  /** Who the server takes the holder for, by the words of its refusal; undefined for nobody. */
  holder(token: string): Promise<string | undefined>;
  review(token: string, audiences?: string[]): Promise<Review>;
}

export function serviceAccounts(api: () => TestApi): ServiceAccounts {
  const post = (path: string, body: object): Promise<ApiAnswer> => api().send(path, { method: 'POST', body });
  const made = async (collection: string, name: string, more: object = {}): Promise<string> => {
    const answer = await post(collection, { metadata: { name }, ...more });
    expect(answer.status, answer.text).toBe(201);
    return (JSON.parse(answer.text) as { metadata: { uid: string } }).metadata.uid;
  };
  const request = (name: string, spec: object = {}): Promise<ApiAnswer> =>
    post(`${CORE}/serviceaccounts/${name}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec,
    });
  return {
    made,
    account: (name) => made(`${CORE}/serviceaccounts`, name),
    request,
    async tokenOf(name, spec = {}) {
      const answer = await request(name, spec);
      expect(answer.status, answer.text).toBe(201);
      return (JSON.parse(answer.text) as { status: { token: string } }).status.token;
    },
    async holder(token) {
      const answer = await api().send(TASKS, { token });
      if (answer.status === 401) {
        expect(answer.json()).toMatchObject({ message: 'Unauthorized', reason: 'Unauthorized' });
        return undefined;
      }
      expect(answer.status).toBe(403);
      return /User "([^"]+)"/.exec((JSON.parse(answer.text) as { message: string }).message)?.[1];
    },
    async review(token, audiences) {
      const answer = await post(REVIEWS, { spec: { token, ...(audiences && { audiences }) } });
      expect(answer.status, answer.text).toBe(201);
      return (JSON.parse(answer.text) as { status: Review }).status;
    },
  };
}
