import type { Clock } from '../../machinery/clock.ts';
import { formatTime } from '../../machinery/clock.ts';
import { parseJsonText } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { badRequest, StatusError } from '../../machinery/status-error.ts';
import type { TaskEvent } from '../../types/tasks/task-event.ts';
import type { DeletedTask, DeletedTaskPlace } from '../../storage/contract/retention.ts';
import type { Store } from '../../storage/contract/store.ts';
import { translated } from '../storage-failure.ts';

const PAGE = 500;

const AT = { resource: { group: 'agent.wecode.io', plural: 'tasks' } };

/** As the API shows a deleted Task in a list. */
export interface DeletedTaskItem {
  namespace: string;
  name: string;
  uid: string;
  deletedAt: string;
}

export interface DeletedTaskPage {
  items: DeletedTaskItem[];
  /** Absent on the last page. */
  continue?: string;
}

/** Deleted Tasks while they are kept. Failures are StatusErrors. */
export interface DeletedTasks {
  /** Those deleted last first. @throws StatusError BadRequest for a continue token that is none */
  list(query: { namespace?: string; limit?: number; continue?: string }): Promise<DeletedTaskPage>;
  /** The last state. @throws StatusError NotFound */
  get(uid: string): Promise<Unstructured>;
  /** The events of its log, page by page. */
  log(uid: string, query: { after: number; signal: AbortSignal }): AsyncIterable<readonly TaskEvent[]>;
}

export interface DeletedTasksOptions {
  store: Pick<Store, 'log' | 'retention'>;
  clock: Clock;
  /** For how many milliseconds they are kept; what is older may not be removed yet, but is not shown. */
  keepMs: number;
}

export function createDeletedTasks({ store, clock, keepMs }: DeletedTasksOptions): DeletedTasks {
  const since = (): number => clock.now() - keepMs;
  return {
    async list({ namespace, limit = PAGE, continue: token }) {
      const before = token === undefined || token === '' ? undefined : placeOf(token);
      const wanted = Math.min(limit === 0 ? PAGE : limit, PAGE);
      const found = await translated(
        store.retention.deletedTasks({
          since: since(),
          limit: wanted + 1,
          ...(namespace === undefined || namespace === '' ? {} : { namespace }),
          ...(before === undefined ? {} : { before }),
        }),
        AT,
      );
      const shown = found.slice(0, wanted);
      const last = found.length > wanted ? shown.at(-1) : undefined;
      return {
        items: shown.map((task) => itemOf(task)),
        ...(last === undefined ? {} : { continue: tokenOf(last) }),
      };
    },
    async get(uid) {
      const found = await translated(store.retention.deletedTask(uid), AT);
      if (found === undefined || found.deletedAt <= since()) {
        throw new StatusError('NotFound', `no deleted task with uid ${JSON.stringify(uid)} is kept`);
      }
      const { metadata, ...rest } = parseJsonText(found.body) as Unstructured;
      return { ...rest, metadata: { ...metadata, resourceVersion: String(found.revision) } };
    },
    async *log(uid, { after, signal }) {
      let last = after;
      while (!signal.aborted) {
        const page = await translated(store.log.read({ taskUID: uid, after: last, limit: PAGE }), AT);
        if (page.length === 0) return;
        yield page;
        last = page.at(-1)?.seq ?? last;
      }
    },
  };
}

const itemOf = ({ namespace, name, uid, deletedAt }: DeletedTask): DeletedTaskItem => ({
  namespace,
  name,
  uid,
  deletedAt: formatTime(deletedAt),
});

const tokenOf = ({ deletedAt, uid }: DeletedTaskPlace): string =>
  Buffer.from(`${deletedAt} ${uid}`).toString('base64url');

function placeOf(token: string): DeletedTaskPlace {
  const [, time, uid] = /^(\d{1,15}) (\S{1,64})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (time === undefined || uid === undefined) throw badRequest('continue key is not valid');
  return { deletedAt: Number(time), uid };
}
