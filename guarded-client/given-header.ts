/** Headers of a request that a user gives (RFC 9110, section 5): without line ends, nobody can add one or begin a body. */

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** The client sets them; one that a user gives could end the message early, or name another service. */
const OWN = new Set([
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade'],
]);

/** Why nobody may give a header of this name. */
export function headerNameProblem(name: string): 'no name' | "the client's own" | undefined {
  if (!NAME.test(name)) return 'no name';
  return OWN.has(name.toLowerCase()) ? "the client's own" : undefined;
}

export const isHeaderText = (value: string): boolean => VALUE.test(value);
