/**
 * How many requests the API lets through. Waiting pages poll under a budget of their own, so that they never use up what
 * tokens need. Ten thousand users who sign in within ten minutes are 17 sign-ins a second: about 200 requests a second
 * besides 30 polls for each sign-in, 500 a second.
 */
export const REQUESTS_PER_SECOND = 500;
export const POLLS_PER_SECOND = 1000;
/** For how long a burst may go on at the full rate: a bucket of two seconds. */
export const BURST_SECONDS = 2;
