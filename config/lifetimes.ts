/** Every life time, interval and size limit of the product, the unit in each name. */
export type Lifetimes = Readonly<Record<keyof typeof lifetimes, number>>;

/**
 * The values in force. IB's own session is the upper bound of all tokens: `loginTime + logintimeoutperiod` hours,
 * decided per sign-in by `adapters/ib/session.ts`.
 */
export const lifetimes = Object.freeze({
  // --- tokens ---
  /** One hour: a stolen access token is short-lived, and an app refreshes at most 24 times a day. */
  accessTokenSeconds: 3600,
  /** A minute is enough for a redirect and a call; RFC 6749 4.1.2 allows ten minutes at most. */
  authorizationCodeSeconds: 60,
  /** A signing key older than this is rotated, where the server keeps its keys itself; an alarm tells of others. */
  signingKeySeconds: 90 * 24 * 3600,
  /** One older than this is told of: nobody has rotated it. */
  oldSigningKeySeconds: 180 * 24 * 3600,
  /** A new key is published for so long before it signs: apps keep the key set that they have read. */
  signingKeyPublishedSeconds: 24 * 3600,
  /** A new cookie key or pepper is known for so long before it is used: twice what the slowest process takes to read it. */
  secretsKnownSeconds: 600,
  /** How often a process reads its keys anew, besides at once where it sees their file change. */
  secretsReadSeconds: 240,
  /** As long as the access token issued with it. */
  idTokenSeconds: 3600,
  /** RFC 9126 2.2: a pushed request is used at once, by the redirect that follows it. */
  parSeconds: 60,
  /** RFC 8628 3.2: time to walk to another device, type the code and sign in there. */
  deviceCodeSeconds: 600,
  /** RFC 8628 3.5: how often a device may ask. */
  devicePollIntervalSeconds: 5,

  /** How far the clocks of processes, and of clients that sign, may be apart. Half a code's life: the rest is for its way. */
  clockToleranceSeconds: 30,

  /** An assertion that an app signs is remembered as used until it expires; most live for minutes. */
  longestAssertionSeconds: 24 * 3600,

  // --- the user's steps ---
  /** From `/authorize` to the return to the app: SSO, 2FA and a phone call in between. */
  interactionSeconds: 3600,
  /** One attempt at IB's login, renewals of its login token included: SSO, 2FA and mailed codes take minutes. */
  loginAttemptSeconds: 900,
  /** A waiting page that has not been seen for so long has been left, and nobody should wait for its sign-in any more. */
  loginUnseenSeconds: 300,
  /**
   * One login token in so long, however IB answers; a younger one is pending whatever IB says of it. IB may call a token
   * that nobody has used yet "expired", too.
   */
  loginTokenSeconds: 60,
  /** A login token is renewed at this age even where IB says nothing: IB's own clients give up after five minutes. */
  loginTokenOldSeconds: 240,
  /** Earlier login tokens that are asked about along with the newest, each time. */
  earlierLoginTokens: 4,
  /** A clock of IB's may be behind ours by so much before a new login counts as an older one. */
  loginClockSeconds: 60,
  /** A browser session in which nobody has signed in yet; a signed-in one ends with the IB session. */
  sessionWithoutSignInSeconds: 3600,
  /** How long the browser remembers which platform was used last. */
  rememberedPlatformSeconds: 180 * 24 * 3600,
  /** Between IB's clients' 1 s and 5 s; also the least time between two calls to IB for one attempt. */
  pollIntervalSeconds: 2,
  /** The least time between two calls to IB where the user has just looked at the page again. */
  pollLookMs: 400,
  /** Where the interval stops growing while IB does not answer. */
  pollMaxIntervalSeconds: 30,

  // --- calls to others ---
  /** IB's own client uses this time-out for its login calls. */
  ibTimeoutMs: 10_000,
  /** For the read that tells whether a session lives, while an app waits for its tokens. */
  ibSessionCheckMs: 3_000,
  /** IB's login answers are a few kilobytes; more is no login answer. */
  ibResponseBytes: 256 * 1024,

  /** How often an app is told of a sign-out before it is given up, and how long after the first attempt the second comes. */
  backchannelAttempts: 4,
  backchannelRetryMs: 2_000,
  /** An app's metadata document; what the draft (client-id-metadata-document, 6.6) proposes. */
  metadataDocumentBytes: 5 * 1024,
  /** Reading it: the user waits meanwhile. */
  metadataDocumentMs: 5_000,

  // --- the proxy ---
  /** IB's own limit: 600 calls a minute for each user. */
  proxyCallsPerMinute: 600,
  /** Calls a process takes from that limit at once: one write to the store for so many calls. */
  proxyCallBlock: 20,
  /** How long a preview's address works without a token: a page full of pictures loads in less. */
  proxySignedUrlSeconds: 600,
  /** IB may think for so long before an answer begins, and pause for so long inside one. */
  proxyIdleMs: 60_000,
  /** How often it is asked whether an answer that has no end, in events, may go on: a read of the store for each. */
  proxyEventsCheckMs: 30_000,

  // --- strangers, each address ---
  /** Steps in ten minutes: an office of a thousand behind one address signs in on a Monday morning; each costs IB a call. */
  signInsPerAddress: 3000,
  /** In ten minutes: of 25,600,000,000 user codes a guesser tries so many. */
  userCodesPerAddress: 20,
  /** In an hour: what is refused costs little, and an app that is being written is refused often. */
  refusedRegistrationsPerAddress: 100,
  /** In ten minutes: a page asks every two seconds, and once more when its user comes back to it. */
  pollsPerAttempt: 1200,
  /** In ten minutes: a misconfigured app shows itself, a guesser gets nowhere. */
  failedAuthenticationsPerAddress: 60,

  // --- the server ---
  /** A process that runs what is due so late, by the median, answers 503 at once rather than everything slowly. */
  overloadDelayMs: 250,
  /** How long one measurement of it holds. */
  overloadWindowMs: 1000,
  /** OAuth requests are small, a pushed request with a signed object is the largest; the library takes no more. */
  requestBodyBytes: 56 * 1024,
  /** Our own forms hold an address and a token or two. */
  formBodyBytes: 16 * 1024,
  /** A form that becomes a query: an address has to fit into a request's head, of 16 KB, with room for cookies. */
  queryBodyBytes: 8 * 1024,
  /** From a connection's beginning, or a later request's first byte, to the end of the head (slowloris): 15 s with the next setting. */
  requestHeadMs: 14_000,
  /** How often connections are looked through for those that are over it; by Node's default one could live for three times as long. */
  connectionsCheckMs: 1_000,
  /** From its first byte to its last a body may take so long; uploads through `/proxy` may take their time. */
  requestBodyMs: 10_000,
  /** SIGTERM to exit: what is in flight may finish for this long. Below the 10 s that operators are promised. */
  drainMs: 9_000,
  /** How often the embedded store deletes what has expired; DynamoDB does so by itself. */
  sweepIntervalSeconds: 60,
});
