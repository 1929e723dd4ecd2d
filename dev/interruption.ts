/**
 * A signal that aborts on Ctrl-C, SIGTERM or SIGHUP instead of ending the process at once, so that
 * everything started so far is stopped in order.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  return controller.signal;
}
