const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];
const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/** Programs that call by a proxy must not ask it for what the runner itself serves: it has another loopback. */
export function withDirectLoopback(environment: Readonly<Record<string, string>>): Record<string, string> {
  const usesProxy = PROXIES.some((name) => environment[name] ?? environment[name.toLowerCase()]);
  if (!usesProxy) return { ...environment };
  const given = environment['NO_PROXY'] ?? environment['no_proxy'] ?? '';
  const direct = [...new Set([...given.split(',').map((part) => part.trim()), ...LOOPBACK])];
  const value = direct.filter((part) => part !== '').join(',');
  // Programs read the one or the other.
  return { ...environment, NO_PROXY: value, no_proxy: value };
}
