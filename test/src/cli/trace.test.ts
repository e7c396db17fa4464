import { expect } from 'chai';
import { Browser } from '../../support/browser.ts';
import { runProgram } from '../../support/programs.ts';
import {
  exchange,
  type LogLine,
  type Stack,
  signIn,
  startStack,
  token,
  withBearer,
} from '../../support/stack.ts';

describe('trace', function () {
  this.timeout(60_000);
  let stack: Stack;
  let lines: LogLine[];
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'info' } });
    const { body } = await exchange(stack, await signIn(stack, new Browser()));
    const first = String(body['refresh_token']);
    const refreshed = await token(stack, { grant_type: 'refresh_token', refresh_token: first });
    await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, refreshed.body['access_token']);
    const second = String(refreshed.body['refresh_token']);
    await token(stack, { grant_type: 'refresh_token', refresh_token: second });
    await token(stack, { grant_type: 'refresh_token', refresh_token: first });
    // Somebody else, at the same time.
    await signIn(stack, new Browser(), {}, 'grace');
    await stack.close();
    lines = stack.logs.map((line) => JSON.parse(line) as LogLine);
  });

  const trace = async (reference: string, log = stack.logs.join(''), more: readonly string[] = []) =>
    runProgram('cli/main.ts', {}, { args: [...more, 'trace', reference], input: log });

  const story = (stdout: string): string[] =>
    stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}/, ''));

  it('tells one user’s story in words, whichever of its lines it is asked by', async () => {
    const grant = lines.find((line) => line['grant'] !== undefined)?.['grant'];
    const ofGrant = lines.filter((line) => line['grant'] === grant);
    const signedIn = ofGrant.find((line) => line['signIn'] !== undefined);
    const refresh = ofGrant.find((line) => line['grantType'] === 'refresh_token');
    const byGrant = await trace(String(grant));
    expect(byGrant.stderr).to.equal('');
    const told = story(byGrant.stdout);
    expect(told[0]).to.match(/^account 6M0B\.\w+ · app web · sign-in [0-9a-f]{12} · grant [0-9a-f]{12}$/);
    const wanted = [
      /^the app web sends the user to sign in at /,
      /^the user allows the app web: openid profile email ib:api$/,
      /^signed in at .* after [\d.]+ s$/,
      /^the app web gets tokens \(authorization_code\)$/,
      /^the app web gets tokens \(refresh_token\)$/,
      /^the app web calls IntelligenceBank's API \(GET\): passed, 200$/,
      /^the app web gets no tokens: invalid_grant: a code or refresh token that was used before$/,
    ];
    let at = 0;
    for (const pattern of wanted) {
      at = told.findIndex((line, index) => index > at && pattern.test(line));
      expect(at, `${pattern} in\n${told.join('\n')}`).to.be.above(0);
    }
    for (const asked of [signedIn?.['reference'], signedIn?.['signIn'], refresh?.['reference']]) {
      expect((await trace(String(asked))).stdout, String(asked)).to.equal(byGrant.stdout);
    }
    expect((await trace(String(refresh?.['accountId']))).stdout).to.contain('the app web gets tokens');
    expect(byGrant.stdout, 'a token').to.not.match(/ib(at|rt|ac)_/);
  });

  it('reads logs as collectors give them: with a prefix, lines of other programs, and torn ones', async () => {
    const reference = String(lines.find(({ event }) => event === 'grant.success')?.['reference']);
    const collected = [
      'starting up',
      ...stack.logs.map((line) => `ib-oauth-1  | ${line.trim()}`),
      '{"torn":',
    ];
    const plain = await trace(reference);
    expect((await trace(reference, collected.join('\n'))).stdout).to.equal(plain.stdout);
    const json = await trace(reference, collected.join('\n'), ['--json']);
    expect(JSON.parse(json.stdout)).to.be.an('array').that.is.not.empty;
  });

  it('says in one line that it found nothing', async () => {
    const nothing = await trace('0123456789abcdef');
    expect(nothing.code).to.equal(1);
    expect(nothing.stderr).to.match(/^0123456789abcdef: not in these \d+ lines; [^\n]*\n$/);
  });
});
