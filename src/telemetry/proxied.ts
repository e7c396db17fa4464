/** What is told of calls through `/proxy`. */

/** One proxied call, for logs and metrics; `ms` until the answer begins. */
export interface ProxyCall {
  readonly clientId: string;
  readonly method: string;
  readonly outcome: 'passed' | 'session_ended' | 'limited' | 'refused' | 'not_answering' | 'hung_up';
  readonly status: number;
  readonly ms: number;
  /** Why IB did not answer: undici's or the system's code. */
  readonly cause?: string;
}

/** How much went each way through a proxied call. */
export interface Bytes {
  /** From the app: the body. */
  readonly received: number;
  /** To the app: the whole answer on the wire, with its headers. */
  readonly sent: number;
}
