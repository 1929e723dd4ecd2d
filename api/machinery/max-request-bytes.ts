/**
 * The longest body of a request, in bytes, as kube-apiserver has it (MaxRequestBodyBytes of apiserver pkg/server/config.go).
 * An object that is larger could be read and not be written back, so that nothing may grow beyond it either.
 */
export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
