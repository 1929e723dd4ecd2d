import { badRequest } from '../../machinery/status-error.ts';
import { KINDS } from './generated/messages.ts';
import { decodeMessage } from './message.ts';
import { bytesOf, text } from './scalars.ts';
import { readFields } from './wire.ts';

/**
 * Typed clients of Kubernetes (kubectl create secret, client-go) send built-in kinds as protobuf, with no JSON to
 * fall back on: `k8s\0`, then runtime.Unknown {1: TypeMeta {1: apiVersion, 2: kind}, 2: the object}.
 */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0');

/** @throws StatusError BadRequest for bytes that are no object, or one of a kind that is not sent in this form */
export function decodeProtobuf(bytes: Uint8Array): Record<string, unknown> {
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) {
    throw badRequest('the body is no protobuf object of Kubernetes: it must begin with k8s\\0');
  }
  try {
    return decodeUnknown(bytes.subarray(MAGIC.length));
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(`the body is no protobuf message: ${error.message}`);
    throw error;
  }
}

/** DeleteOptions come with the apiVersion of any group. */
function messageOf(apiVersion: string, kind: string): string | undefined {
  if (kind === 'DeleteOptions') return 'meta.v1.DeleteOptions';
  const name = `${apiVersion}/${kind}`;
  return Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
}

function decodeUnknown(bytes: Uint8Array): Record<string, unknown> {
  const fields = readFields(bytes);
  const typeMeta = readFields(bytesOf(fields, 1));
  const [apiVersion, kind] = [text(bytesOf(typeMeta, 1)), text(bytesOf(typeMeta, 2))];
  const message = messageOf(apiVersion, kind);
  if (message === undefined)
    throw badRequest(`kind ${JSON.stringify(kind.slice(0, 100))} cannot be sent as protobuf; send JSON`);
  return { apiVersion, kind, ...decodeMessage(message, bytesOf(fields, 2)) };
}
