import { badRequest } from '#api/machinery/status-error';
import type { PodStreamRequest } from '#api/types/sandboxes/pod-stream';
import { offeredProtocols } from '../web-socket.ts';
import { chooseSubprotocol, SUBPROTOCOLS } from './subprotocol.ts';
import type { Subprotocol } from './subprotocol.ts';

/**
 * @param known in the order in which they are taken
 * @throws StatusError BadRequest (apimachinery pkg/util/httpstream Handshake)
 */
export function chosenProtocol(
  request: PodStreamRequest,
  known: readonly Subprotocol[] = SUBPROTOCOLS,
): Subprotocol {
  const offered = offeredProtocols(request);
  const chosen = chooseSubprotocol(offered, known);
  if (chosen !== undefined) return chosen;
  const ours = known.map(({ name }) => name).filter((name) => name !== '');
  throw badRequest(
    `unable to negotiate protocol: client supports [${offered.join(' ').slice(0, 256)}], server accepts [${ours.join(' ')}]`,
  );
}
