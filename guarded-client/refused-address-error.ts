/** An address that nobody may call until an administrator allows it. The message is for whoever gave the address. */
export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError';
}
