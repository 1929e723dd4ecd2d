import type { Unstructured } from '../machinery/meta.ts';
import type { TaskEvent } from '../types/tasks/task-event.ts';
import { queryString } from './resource-path.ts';
import type { Transport } from './transport.ts';

export interface DeletedTaskItem {
  namespace: string;
  name: string;
  uid: string;
  /** RFC 3339. */
  deletedAt: string;
}

/** Deleted Tasks while the server keeps them. For those who own the service. */
export interface DeletedTaskClient {
  /** Those deleted last first, page by page. */
  list(query: { namespace?: string }): AsyncIterable<readonly DeletedTaskItem[]>;
  get(uid: string): Promise<Unstructured>;
  log(uid: string): AsyncIterable<TaskEvent>;
}

export function createDeletedTaskClient({ transport }: { transport: Transport }): DeletedTaskClient {
  const pathOf = (uid: string): string => `/admin/deleted-tasks/${encodeURIComponent(uid)}`;
  return {
    async *list({ namespace }) {
      let token: string | undefined;
      do {
        const path = `/admin/deleted-tasks${queryString({ namespace, continue: token })}`;
        const answer = await transport.send({ method: 'GET', path });
        const page = JSON.parse(answer.text) as { items: DeletedTaskItem[]; continue?: string };
        yield page.items;
        token = page.continue;
      } while (token !== undefined);
    },
    async get(uid) {
      const answer = await transport.send({ method: 'GET', path: pathOf(uid) });
      return JSON.parse(answer.text) as Unstructured;
    },
    async *log(uid) {
      const request = { method: 'GET', path: `${pathOf(uid)}/log`, accept: 'application/x-ndjson' } as const;
      for await (const line of transport.lines(request)) yield JSON.parse(line) as TaskEvent;
    },
  };
}
