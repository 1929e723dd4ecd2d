import { httpService } from '#executor-image/tools/made-up-servers';
import type { HttpService } from '#executor-image/tools/made-up-servers';
import type { RequestSeen } from './evidence.ts';

/**
 * A service that fixed actions of workflows call, and that agents ask whether all is well: it counts what it is asked, for each
 * Task and step, and can be out of order for single ones.
 */
export interface Desk extends HttpService {
  requests(): RequestSeen[];
  /** Notes that a step has asked for something. `key` is the same for all attempts at it. */
  count(request: Omit<RequestSeen, 'at'>): void;
  /** Whether the step is answered well: not before it was asked more than `failures` times, or never until somebody repairs it. */
  isWell(request: Pick<RequestSeen, 'step' | 'task'>, failures: number | undefined): boolean;
  /** From then on all that is asked for the Task is answered well. */
  repair(task: string): void;
}

/** `POST /TASK/STEP?failures=N` counts; `failures=all` fails until it is repaired. */
export async function startDesk(host: string): Promise<Desk> {
  const requests: RequestSeen[] = [];
  const repaired = new Set<string>();
  const asked = new Map<string, number>();
  const isWell: Desk['isWell'] = ({ task, step }, failures) => {
    const what = `${task} ${step}`;
    const times = (asked.get(what) ?? 0) + 1;
    asked.set(what, times);
    return repaired.has(task) || (failures !== undefined && times > failures);
  };
  const count: Desk['count'] = (request) => void requests.push({ ...request, at: performance.now() });
  const service = await httpService((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://desk');
    const [task = '', step = ''] = pathname.split('/').slice(-2);
    const key = String(request.headers['idempotency-key'] ?? '');
    const failures = searchParams.get('failures') ?? '0';
    request.resume();
    count({ task, step, key });
    const well = isWell({ task, step }, failures === 'all' ? undefined : Number(failures));
    response.writeHead(well ? 200 : 500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ well }));
  }, host);
  return {
    url: new URL(service.url).origin,
    requests: () => [...requests],
    ...{ count, isWell },
    repair: (task) => void repaired.add(task),
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}
