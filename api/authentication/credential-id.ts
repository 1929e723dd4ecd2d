/** Which credential a user has shown, as a key of `extra` (apiserver pkg/authentication/user CredentialIDKey). */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';
