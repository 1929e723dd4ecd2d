import { badRequest } from '../../machinery/status-error.ts';
import { POD_CONTAINER } from '../../registry/reading/pod-view.ts';
import type { LogReader } from '../../registry/tasks/read-log.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { streamPieces } from './log-stream.ts';
import { podLogQuery } from './pod-log-query.ts';
import { podLogText } from './pod-log-text.ts';

/** The log of a Sandbox as kubectl reads that of a Pod: the part that it has in the log of its Task, as text. */
export async function handlePodLog(request: ResourceRequest): Promise<Response> {
  const { c, options } = request;
  const query = podLogQuery(request);
  const read = await openLog(request, query.previous);
  return streamPieces(c, options, {
    contentType: 'text/plain',
    pieces: (signal) => podLogText(read, { ...query, signal, now: options.clock.now() }),
  });
}

/** @throws StatusError NotFound; BadRequest in the words of a kubelet (pkg/kubelet/kubelet_pods.go validateContainerLogStatus) */
async function openLog(request: ResourceRequest, previous: boolean): Promise<LogReader> {
  const read = await request.options.sandboxLogs.reader(targetOf(request), { previous });
  if (read !== undefined) return read;
  const { name } = request.place;
  throw badRequest(`previous terminated container "${POD_CONTAINER}" in pod "${name}" not found`);
}
