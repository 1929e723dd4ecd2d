/** Where a service takes requests, and the headers that it wants with each. */
export interface Endpoint {
  url: string;
  /** With the credential: never log them. */
  headers: Record<string, string>;
}

export interface EndpointOptions {
  /** As people write it, with or without the API's version; the maker's own service when absent. */
  baseURL?: string | undefined;
  apiKey?: string | undefined;
  /** Sent as `Authorization: Bearer` where the service would take a key elsewhere. */
  bearerToken?: string | undefined;
}
