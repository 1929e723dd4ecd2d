/** Holds what everybody may use by its bare name. */
export const PUBLIC_NAMESPACE = 'system';
