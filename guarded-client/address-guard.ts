import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { contains, kindOf, readAddress } from './address-kinds.ts';
import type { Address } from './address-kinds.ts';
import { canonicalName, readAllowedAddresses } from './allowed-addresses.ts';
import type { AllowedAddress } from './allowed-addresses.ts';
import { RefusedAddressError } from './refused-address-error.ts';

/** All addresses of a name, as node:dns gives them. Rejects as node:dns does. */
export type LookUp = (hostname: string) => Promise<LookupAddress[]>;

export interface AddressGuardOptions {
  /** The addresses refused by default that an administrator allows: entries as listAllowedAddresses gives them. */
  allow: readonly string[];
  /** Where the control plane itself listens: only an entry that names the port opens one of these. */
  controlPlane?: readonly Endpoint[];
  /** Absent: the system's. */
  lookUp?: LookUp;
}

/** A place to connect to. */
export interface Endpoint {
  /** A name, or an address without brackets. */
  host: string;
  port: number;
}

const lookUpAll: LookUp = (hostname) => lookup(hostname, { all: true });

/**
 * Says which addresses may be called: those of the public Internet, but for this machine's own, and what an administrator
 * allows. A name is judged by the addresses that it has at this moment, which are the ones to connect to.
 */
export class AddressGuard {
  readonly #allowed: readonly AllowedAddress[];
  readonly #controlPlane: readonly Endpoint[];
  readonly #lookUp: LookUp;

  /** @throws Error, for a person, for an entry of `allow` that makes no sense */
  constructor({ allow, controlPlane = [], lookUp = lookUpAll }: AddressGuardOptions) {
    this.#allowed = readAllowedAddresses(allow);
    this.#controlPlane = controlPlane;
    this.#lookUp = lookUp;
  }

  /**
   * The addresses of the host that may be called.
   * @throws RefusedAddressError where none may; an error of node:dns where the name has none
   */
  async addressesOf({ host, port }: Endpoint): Promise<LookupAddress[]> {
    const found = await this.#resolve(host);
    const closed = await this.#controlPlaneAt(port);
    let reason: string | undefined;
    const open = found.filter(({ address }) => {
      const why = this.#refusal({ host, port }, readAddress(address), closed);
      reason ??= why;
      return why === undefined;
    });
    if (open.length > 0) return open;
    throw new RefusedAddressError(
      `${host} is refused: it is ${reason ?? 'without an address'}, which only an administrator can allow (TROUPE_ALLOWED_ADDRESSES)`,
    );
  }

  #resolve(host: string): Promise<LookupAddress[]> {
    const version = isIP(host);
    return version === 0 ? this.#lookUp(host) : Promise.resolve([{ address: host, family: version }]);
  }

  /** The addresses at which the control plane listens on the port. */
  async #controlPlaneAt(port: number): Promise<ReadonlySet<string>> {
    const there = this.#controlPlane.filter((endpoint) => endpoint.port === port);
    const found = await Promise.all(
      // A name without an address cannot be reached.
      there.map(({ host }) => this.#resolve(host).catch(() => [])),
    );
    return new Set(found.flat().map(({ address }) => readAddress(address).toString()));
  }

  /** Why the address may not be called: the end of a sentence. */
  #refusal(
    { host, port }: Endpoint,
    address: Address,
    controlPlane: ReadonlySet<string>,
  ): string | undefined {
    const { kind, hardBits } = kindOf(address);
    const name = canonicalName(host);
    const entries = this.#allowed.filter((entry) => {
      if (entry.port !== undefined && entry.port !== port) return false;
      if ('host' in entry) return entry.host === name && hardBits === undefined;
      return contains(entry.network, address) && (hardBits === undefined || entry.network[1] >= hardBits);
    });
    if (entries.some((entry) => entry.port !== undefined)) return undefined;
    if (controlPlane.has(address.toString())) return 'an address of the control plane';
    if (entries.length > 0) return undefined;
    return kind ?? (isOfThisMachine(address) ? 'an address of this machine' : undefined);
  }
}

/** Public addresses of this machine: a program that listens on one may count on being reached from the machine only. */
function isOfThisMachine(address: Address): boolean {
  const text = address.toString();
  return Object.values(networkInterfaces()).some((own) =>
    own?.some((each) => readAddress(each.address).toString() === text),
  );
}
