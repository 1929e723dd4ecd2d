/** Limits of a skill's package. Each is checked before anything is kept, and again before anything is unpacked. */
export const PACKAGE_LIMITS = {
  /** The zip: in base64 it has to fit into an object of the API, which has 3 MiB. */
  zipBytes: 2 * 1024 * 1024,
  /** All files together, unpacked. */
  totalBytes: 8 * 1024 * 1024,
  files: 1000,
  /** Of a path, in UTF-8. */
  pathBytes: 512,
  /** Segments of a path. */
  depth: 16,
  /** SKILL.md becomes part of a prompt. */
  skillFileBytes: 256 * 1024,
} as const;
