/** What the tests use of a library that ships no types. */
declare module 'passport-openidconnect' {
  interface Options {
    readonly issuer: string;
    readonly authorizationURL: string;
    readonly tokenURL: string;
    readonly userInfoURL: string;
    readonly clientID: string;
    readonly clientSecret: string;
    readonly callbackURL: string;
    readonly scope: readonly string[];
  }
  type Verify = (issuer: string, profile: object, done: (error: null, user: object) => void) => void;

  export default class Strategy {
    constructor(options: Options, verify: Verify);
    authenticate(request: { session: object; query: object }, options: object): void;
    success: (user: { displayName?: string }) => void;
    fail: (challenge: unknown) => void;
    error: (error: unknown) => void;
    redirect: (url: string) => void;
  }
}
