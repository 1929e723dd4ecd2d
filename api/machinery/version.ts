import packageJson from '../../package.json' with { type: 'json' };

/** The version of this package, as `troupe --version` prints it. */
export const VERSION: string = packageJson.version;
