// What an adapter tells of a request and of its response, whatever the framework. `Visit` says what it calls, and when.

/** A request. Nothing of it is read before it is asked for: about most requests little is asked. */
export interface HttpRequest {
  /** In capitals. */
  readonly method: string;
  /** A header field, by its name in lower case: repeated ones joined, undefined where there is none. */
  header(name: string): string | undefined;
  /** Host and port as the browser named them: behind a trusted proxy what the proxy passes on. */
  readonly host: string | undefined;
  /** Whether the browser came by https: behind a trusted proxy what the proxy passes on. */
  readonly https: boolean;
  /** The route as the app has written it, for the log; undefined where there is none. */
  readonly route?: string | undefined;
}

/** The header of a response, as it stands. Fetch's `Headers` is one: names in lower case, repeated fields joined. */
export interface ResponseHeaders {
  keys(): Iterable<string>;
  get(name: string): string | null | undefined;
  /** Takes the place of what is there under the name. */
  set(name: string, value: string): void;
  /** Adds a cookie to those that are there: the fields of several cannot be joined. */
  append(name: 'set-cookie', value: string): void;
}
