import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { describeError } from '#api/machinery/logger';
import { badRequest, StatusError, toStatusError } from '#api/machinery/status-error';
import { parsePodStream } from '#api/types/sandboxes/pod-stream';
import type { PodStreamKind, PodStreamRequest } from '#api/types/sandboxes/pod-stream';
import { runtimeOf } from '../sandbox/sandbox-keys.ts';
import { prepareAttach } from './attach-stream.ts';
import { prepareExec } from './exec-stream.ts';
import type { PodStreamsOptions, PreparedStream, StreamContext } from './stream-context.ts';
import { preparePortForward } from './port-forward-stream.ts';
import { checkHandshake } from './web-socket.ts';

const KINDS: Record<PodStreamKind, (context: StreamContext) => Promise<PreparedStream> | PreparedStream> = {
  attach: prepareAttach,
  exec: prepareExec,
  portforward: preparePortForward,
};

/** Serves the streams of Pods that the API asks for over the tunnel (api/types/pod-stream). */
export function createPodStreams(
  options: PodStreamsOptions,
): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void {
  return (stream, headers) => {
    // One that breaks closes, and who reads it sees that.
    stream.on('error', () => undefined);
    serve(options, stream, headers).catch((error: unknown) => {
      options.logger.warn('a stream of a pod has failed', { cause: describeError(error) });
      stream.close();
    });
  };
}

async function serve(
  options: PodStreamsOptions,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): Promise<void> {
  let prepared: PreparedStream;
  try {
    const request = parsePodStream(headers);
    if (request === undefined) throw badRequest('this is no stream of a pod');
    prepared = await KINDS[request.kind](contextOf(options, request));
    // Last: kubectl asks by SPDY when it was refused by WebSocket, and shows the second answer only.
    checkHandshake(request);
  } catch (error) {
    refuse(stream, toStatusError(error));
    return;
  }
  stream.respond({ ':status': 200 });
  await prepared(stream);
}

/** @throws StatusError NotFound for a Sandbox that is not here, or not any longer */
function contextOf(options: PodStreamsOptions, request: PodStreamRequest): StreamContext {
  const { namespace, name, uid, query } = request;
  const sandbox = options.find(namespace, name);
  const runtimeID = sandbox && runtimeOf(sandbox);
  if (sandbox?.metadata.uid !== uid || runtimeID === undefined || sandbox.status?.phase !== 'Running') {
    throw new StatusError('NotFound', `container not found ("agent" of pod ${namespace}/${name})`);
  }
  return { ...options, request, sandbox, runtimeID, query: new URLSearchParams(query) };
}

function refuse(stream: ServerHttp2Stream, error: StatusError): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': error.code, 'content-type': 'application/json' });
  stream.end(JSON.stringify(error.toStatus()));
}
