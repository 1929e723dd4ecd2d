import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContext, SecureContextOptions } from 'node:tls';

/**
 * A second certificate of the server: clients that ask for one of its names get it (server name indication, RFC 6066,
 * section 3), all others the first.
 */
export class NamedContext {
  #options: SecureContextOptions | undefined;
  #leaf: X509Certificate | undefined;
  #context: SecureContext | undefined;

  /** Connections from now on. @param options with a certificate in PEM */
  use(options: SecureContextOptions & { cert: string }): void {
    this.#context = createSecureContext(options);
    this.#leaf = new X509Certificate(options.cert);
    this.#options = options;
  }

  /** Connections from now on are asked for a certificate of these, PEM. */
  useClientAuthorities(ca: string): void {
    if (this.#options === undefined) return;
    this.#options = { ...this.#options, ca };
    this.#context = createSecureContext(this.#options);
  }

  /** As Node asks. */
  readonly choose = (name: string, done: (error: Error | null, context?: SecureContext) => void): void => {
    done(null, this.#leaf?.checkHost(name) === undefined ? undefined : this.#context);
  };
}
