/** A package that is refused; the message is a sentence for people that names the file and what was expected. */
export class InvalidPackage extends Error {
  override readonly name = 'InvalidPackage';
}
