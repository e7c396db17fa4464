import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Context } from 'koa';
import { concealSid } from '../../../src/proxy/conceal-sid.ts';
import { createSidFinders } from '../../../src/proxy/find-sid.ts';
import { endWhenOver } from '../../../src/proxy/watch.ts';
import { WEB_SECRET } from '../../support/stack.ts';
import { type OwnIb, startOwnIb } from './own-ib.ts';

const SID = 'a1b2c3d4e5f6';
const finder = createSidFinders()(SID);
const concealer = () => concealSid(finder, () => undefined);

describe('an answer of IB that comes in events', () => {
  let ib: OwnIb;
  before(async () => {
    ib = await startOwnIb();
  });
  after(() => ib.close());

  it('is passed on event by event, without the sid', async () => {
    const opened = new Promise<ServerResponse>((resolve) =>
      ib.answer((_asked, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        resolve(response);
      }),
    );
    const answer = await ib.call();
    const response = await opened;
    const reader = answer.body?.getReader();
    for (const [sent, passed] of [
      ['data: {"progress":50,"of":{}}\n\n', 'data: {"progress":50,"of":{}}\n\n'],
      [': nothing new (yet)\r\n\n', ': nothing new (yet)\r\n\n'],
      [`data: "${ib.sid}"\n\ndata: "!"\n\n`, 'data: ""\n\ndata: "!"\n\n'],
    ]) {
      response.write(sent);
      // The next one is sent once this one is there.
      let got = '';
      while (got.length < (passed?.length ?? 0))
        got += Buffer.from((await reader?.read())?.value ?? []).toString();
      expect(got).to.equal(passed);
    }
    await reader?.cancel();
    await once(response, 'close');
  });
});

describe('an answer in events that is still open', () => {
  let ib: OwnIb;
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let closed: Promise<unknown>;
  beforeEach(async () => {
    ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' }, lifetimes: { proxyEventsCheckMs: 5 } });
    const opened = new Promise<ServerResponse>((resolve) =>
      ib.answer((_asked, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n');
        resolve(response);
      }),
    );
    reader = (await ib.call()).body?.getReader();
    closed = once(await opened, 'close');
    // No spelling of the sid begins as it ends: such an event waits for the next one.
    let got = '';
    while (got.length < 'data: {}\n\n'.length)
      got += Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(got).to.equal('data: {}\n\n');
  });
  afterEach(() => ib.close());

  it('ends, for the app and for IB, when the access is revoked', async () => {
    const token = ib.bearer.authorization.slice('Bearer '.length);
    const revoked = await fetch(`${ib.stack.issuer}/revoke`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}` },
      body: new URLSearchParams({ token }),
    });
    expect(revoked.status).to.equal(200);
    expect(await reader?.read()).to.deep.equal({ done: true, value: undefined });
    await closed;
    expect((await ib.call()).status).to.equal(401);
  });

  it("ends when another call hears that the user's session is dead", async () => {
    ib.answer((_asked, response) => {
      response.writeHead(401).end('{"error":"error.authentication.required"}');
    });
    expect((await ib.call()).status).to.equal(401);
    expect(await reader?.read()).to.deep.equal({ done: true, value: undefined });
    await closed;
  });

  it('goes on for as long as it may, and while that cannot be asked', async () => {
    const [body, res] = [new PassThrough(), new PassThrough()];
    body.pipe(res).resume();
    let asked = 0;
    const isAllowed = async (): Promise<boolean> => {
      asked += 1;
      if (asked === 2) throw new Error('the store does not answer');
      return asked < 4;
    };
    endWhenOver({ body, res } as unknown as Context, { everyMs: 1, isAllowed });
    await once(res, 'end');
    expect(asked).to.equal(4);
  });
});

describe('the end of a chunk', () => {
  /** What comes out of a chunk before there is another. */
  const atOnce = (chunk: string): string => {
    const transform = concealer();
    transform.write(chunk);
    return String(transform.read() ?? '');
  };

  for (const chunk of ['{"a":[1,2]}\n', 'data: done!\n\n', 'an, end. ', 'he said "x:"', '}\r\n\r\n']) {
    it(`waits for nothing where no sid can have begun: ${JSON.stringify(chunk)}`, () => {
      expect(atOnce(chunk)).to.equal(chunk);
    });
  }

  for (const begun of [
    SID.slice(0, 1),
    SID.slice(0, -1),
    SID.slice(0, 3).toUpperCase(),
    [...SID].reverse().join('').slice(0, 2),
    `%${SID.charCodeAt(0).toString(16)}`,
    `\\u00${SID.charCodeAt(0).toString(16)}`,
    Buffer.from(SID).toString('base64').slice(0, 4),
    Buffer.from(SID).toString('hex').slice(0, 3),
  ]) {
    for (const between of ['\n', '\n\n', '\r\n', '\n\t']) {
      it(`waits where one may go on over lines: ${JSON.stringify(begun + between)}`, () => {
        expect(atOnce(`{"x": !${begun}${between}`)).to.not.contain(begun);
      });
    }
  }

  for (const cut of [
    '\\61 ',
    '%\n',
    '%2\n',
    '&#\n',
    '&am\n',
    '\\u\n',
    '\\u00\n',
    '=\r',
    '=2\n',
    '%25\n',
    '\\\n',
  ]) {
    it(`waits for the rest of an escape: ${JSON.stringify(cut)}`, () => {
      expect(atOnce(`! ${cut}`)).to.not.contain(cut);
    });
  }

  it('waits where taking the sid away would bring another together', async () => {
    // No spelling of this one begins with a character in which another ends.
    const sid = 'e5gwfefioo7p';
    const inHex = Buffer.from(sid).toString('hex');
    const chunks = [`! ${sid.slice(0, 5)}${inHex}\n`, `${sid.slice(5)} !`].map((text) => Buffer.from(text));
    const conceal = concealSid(createSidFinders()(sid), () => undefined);
    expect((await buffer(Readable.from(chunks).pipe(conceal))).toString()).to.equal('!  !');
  });

  it('lets no sid through in any mixture of escapes and lines, wherever it is cut', async () => {
    const code = (one: string): string => one.charCodeAt(0).toString(16);
    const character = fc.constantFrom<(one: string) => string>(
      (one) => one,
      (one) => one.toUpperCase(),
      (one) => `%${code(one)}`,
      (one) => `%25${code(one)}`,
      (one) => `\\u00${code(one)}`,
      (one) => `\\0000${code(one)}`,
      (one) => `\\x${code(one)}`,
      (one) => `&#x${code(one)};`,
      (one) => `&#0${one.charCodeAt(0)};`,
    );
    const between = fc.constantFrom('', '', '', '\n', '\n\n', '\r\n', '\n\t', '\n ');
    const written = fc.array(fc.tuple(character, between), { minLength: SID.length, maxLength: SID.length });
    await fc.assert(
      fc.asyncProperty(written, fc.array(fc.nat(), { maxLength: 30 }), async (ways, places) => {
        const text = [...SID].map((one, at) => `${ways[at]?.[0](one)}${ways[at]?.[1]}`).join('');
        const whole = Buffer.from(`data: "(${text})"\n\n`);
        const at = [...new Set(places.map((place) => place % whole.length))].sort((a, b) => a - b);
        const chunks = [0, ...at].map((start, index) => whole.subarray(start, at[index] ?? whole.length));
        const bytes = Array.from(whole, (_byte, index) => whole.subarray(index, index + 1));
        const out = await buffer(Readable.from([whole]).pipe(concealer()));
        for (const parts of [chunks, bytes])
          expect((await buffer(Readable.from(parts).pipe(concealer()))).toString()).to.equal(out.toString());
        expect(out.length, out.toString()).to.be.below(whole.length);
      }),
      { numRuns: 300 },
    );
  });
});
