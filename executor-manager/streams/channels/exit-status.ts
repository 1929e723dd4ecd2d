import type { StatusError } from '#api/machinery/status-error';
import type { Subprotocol } from './subprotocol.ts';

/** How a program ended, or why there was none. */
export type Exit = { code: number } | { error: StatusError };

/**
 * The text of the error channel: a Status, or for the oldest clients the words of a failure (kubelet
 * pkg/kubelet/cri/streaming/remotecommand exec.go and httpstream.go v4WriteStatusFunc).
 */
export function exitStatus({ version }: Subprotocol, exit: Exit): string {
  if (version === 1) return oldText(exit);
  if ('error' in exit) return JSON.stringify(exit.error.toStatus());
  if (exit.code === 0) return JSON.stringify({ metadata: {}, status: 'Success' });
  return JSON.stringify({
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exit.code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exit.code) }] },
  });
}

function oldText(exit: Exit): string {
  if ('error' in exit) return exit.error.message;
  return exit.code === 0 ? '' : `command terminated with non-zero exit code: exit status ${exit.code}`;
}
