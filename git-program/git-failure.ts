/** The facts of a clone or a fetch that failed. */
export interface GitFacts {
  /** Without any credential. */
  url: string;
  /** Or the tag, or the commit. */
  branch: string;
  /** Says for people which credential was used; undefined without one. */
  credential: string | undefined;
}

interface Known {
  pattern: RegExp;
  message: (facts: GitFacts, found: RegExpExecArray) => string;
}

/** The messages of git, ssh and curl (LC_ALL=C), from the special to the general; the first that is found tells. */
const KNOWN: Known[] = [
  {
    pattern: /Load key "[^"]*": ([^\n]+)/,
    message: ({ credential }, found) => `the SSH key of ${credential} cannot be read: ${found[1]?.trim()}`,
  },
  {
    pattern: /Remote branch (.+) not found in upstream|couldn't find remote ref/,
    message: ({ url, branch }) => `"${branch}" does not exist in ${url}`,
  },
  {
    pattern: /Could not resolve host(?:name)?:? ([^\s:;]+)|unable to look up ([^\s:]+)/,
    message: ({ url }, found) => `host ${found[1] ?? found[2]} of ${url} cannot be found`,
  },
  {
    pattern: /Authentication failed|could not read (?:Username|Password)|Invalid username or/i,
    message: ({ url, credential }) =>
      credential === undefined
        ? `${url} asks for a credential, and none is given that fits`
        : `${url} refused the credential of ${credential}`,
  },
  {
    pattern: /Permission denied \(|returned error: 40[13]|error: 40[13]/,
    message: ({ url, credential }) =>
      credential === undefined
        ? `${url} refused access without a credential`
        : `${url} refused the credential of ${credential}`,
  },
  {
    pattern: /Host key verification failed/,
    message: ({ url }) => `the host key of ${url} is not the known one`,
  },
  {
    pattern:
      /transport '?([\w+.-]+)'? not allowed|protocol '?([\w+.-]+)'? is not supported|remote-([\w+.-]+)' is not a git command/,
    message: (_, found) =>
      `protocol ${found[1] ?? found[2] ?? found[3]} is not allowed; use https, http, ssh or git`,
  },
  {
    pattern:
      /Connection refused|Connection timed out|Failed to connect|No route to host|Network is unreachable/,
    message: ({ url }) => `the server of ${url} cannot be reached`,
  },
  {
    pattern:
      /repository .* not found|does not appear to be a git repository|does not exist|not exported|returned error: 404|not valid: is this a git repository/i,
    message: ({ url }) => `there is no repository at ${url}`,
  },
  {
    pattern: /No space left on device|disk quota exceeded/i,
    message: ({ url }) => `no space is left for the clone of ${url}`,
  },
  {
    pattern: /SSL certificate problem: ([^\n]+)|server certificate verification failed/,
    message: ({ url }, found) => `the certificate of ${url} is not trusted${found[1] ? `: ${found[1]}` : ''}`,
  },
];

/** One sentence on why git did not get at a remote; `stderr` must be free of the credential. */
export function gitFailure(stderr: string, facts: GitFacts): string {
  for (const { pattern, message } of KNOWN) {
    const found = pattern.exec(stderr);
    if (found !== null) return message(facts, found);
  }
  const fatal = /^(?:fatal|error): (.+)$/m.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1) ?? '';
  return `cloning ${facts.url} failed: ${fatal === '' ? 'git gave no reason' : fatal}`;
}
