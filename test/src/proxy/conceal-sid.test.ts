import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { expect } from 'chai';
import fc from 'fast-check';
import { concealSid, maskSid } from '../../../src/proxy/conceal-sid.ts';
import { createSidFinders } from '../../../src/proxy/find-sid.ts';
import { SPELLINGS, tells } from './spellings.ts';

const SID = 'a1b2c3d4e5f6';
const finder = createSidFinders()(SID);
const conceal = (chunks: readonly Buffer[]): Promise<string> =>
  text(
    Readable.from(chunks).pipe(
      concealSid(finder, (url) => `https://proxy.example/~/${url.searchParams.get('id') ?? ''}`),
    ),
  );

/** A text, or bytes, cut into chunks at the given places, in bytes. */
function cut(whole: string | Buffer, at: readonly number[]): Buffer[] {
  const bytes = Buffer.from(whole);
  const places = [...new Set(at.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length));
}

describe('concealing the sid', () => {
  const body = JSON.stringify({
    preview: `https://api.example/file?id=7&sid=${SID}`,
    plain: `the sid is ${SID}, that is all`,
    umlaut: 'Müller 資産',
    other: 'https://api.example/file?id=8',
  });

  it('replaces addresses that hold it and removes it elsewhere', async () => {
    const out = await conceal([Buffer.from(body)]);
    expect(JSON.parse(out)).to.deep.equal({
      preview: 'https://proxy.example/~/7',
      plain: 'the sid is , that is all',
      umlaut: 'Müller 資産',
      other: 'https://api.example/file?id=8',
    });
  });

  it('reads escaped addresses', async () => {
    const escaped = `{"a":"https:\\/\\/api.example\\/file?id=7\\u0026sid=${SID}"}`;
    expect(await conceal([Buffer.from(escaped)])).to.equal('{"a":"https://proxy.example/~/7"}');
    const markup = `<img src="https://api.example/file?id=7&amp;sid=${SID}">`;
    expect(await conceal([Buffer.from(markup)])).to.equal('<img src="https://proxy.example/~/7">');
  });

  it('gives the same wherever the text is cut', async () => {
    const whole = await conceal([Buffer.from(body)]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 20 }), async (places) => {
        expect(await conceal(cut(body, places))).to.equal(whole);
      }),
    );
  });

  it('lets no sid through in words longer than it keeps, wherever they are cut', async () => {
    const long = `${'x'.repeat(40_000)}${SID}${'y'.repeat(40_000)}`;
    for (let place = 39_980; place < 40_030; place += 1) {
      const out = await conceal(cut(long, [place, place + 5]));
      expect(out, String(place)).to.not.contain('x'.repeat(12) + SID.slice(0, 1));
      expect(out.length).to.equal(80_000);
    }
  });

  it('changes no other byte, whatever the text is written in', async () => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.array(fc.nat(), { maxLength: 8 }), async (content, places) => {
        const chunks = cut(Buffer.from([0xef, 0xbb, 0xbf, ...content]), places);
        const out = await buffer(Readable.from(chunks).pipe(concealSid(finder, () => undefined)));
        expect(out.equals(Buffer.from([0xef, 0xbb, 0xbf, ...content]))).to.equal(true);
      }),
    );
  });

  for (const [spelling, write] of Object.entries(SPELLINGS)) {
    it(`lets it through in no text where it is written ${spelling}, a byte at a time or in large pieces`, async () => {
      const whole = Buffer.concat([
        Buffer.from('{"name":"naïve 資産","text":"'),
        write(SID),
        Buffer.from('","rest":[1,2,3]}'),
      ]);
      const out = await buffer(Readable.from([whole]).pipe(concealSid(finder, () => undefined)));
      expect(tells(whole, SID), 'the test itself can read it').to.equal(true);
      expect(tells(out, SID), out.toString('latin1')).to.equal(false);
      expect(out.toString().startsWith('{"name":"naïve 資産","text":"')).to.equal(true);
      expect(out.toString().endsWith('","rest":[1,2,3]}')).to.equal(true);
      const bytes = cut(
        whole,
        Array.from(whole, (_byte, at) => at),
      );
      const slowly = await buffer(Readable.from(bytes).pipe(concealSid(finder, () => undefined)));
      expect(slowly.equals(out), slowly.toString('latin1')).to.equal(true);
    });
  }

  it('leaves nothing that is a sid once what stood in it is gone', async () => {
    let nested = SID;
    for (let depth = 0; depth < 10; depth += 1) nested = SID.slice(0, 5) + nested + SID.slice(5);
    expect(await conceal([Buffer.from(`a ${nested} b`)])).to.not.contain(SID);
  });

  it('keeps the characters of UTF-16 whole', async () => {
    for (const swap of [(text: Buffer) => text, (text: Buffer) => text.swap16()]) {
      const whole = swap(Buffer.from(`mine: ${SID}, 資産`, 'utf16le'));
      const out = await buffer(Readable.from([whole]).pipe(concealSid(finder, () => undefined)));
      expect(swap(out).toString('utf16le')).to.equal(`mine: ${'*'.repeat(SID.length)}, 資産`);
    }
  });

  it('overwrites it in bytes of another format, whose length and other bytes stay', async () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(
        bytes,
        bytes,
        fc.constantFrom(...Object.values(SPELLINGS)),
        fc.array(fc.nat(), { maxLength: 8 }),
        async (before, after, write, places) => {
          // NULs around keep what is random from being read as part of the sid.
          const hidden = Buffer.concat([Buffer.from([0, 0, 1]), write(SID), Buffer.from([1, 0, 0])]);
          const whole = Buffer.concat([before, hidden, after]);
          const out = await buffer(Readable.from(cut(whole, places)).pipe(maskSid(finder)));
          expect(out.length).to.equal(whole.length);
          expect(tells(out, SID)).to.equal(false);
          expect(out.subarray(0, before.length).equals(Buffer.from(before))).to.equal(true);
          expect(out.subarray(out.length - after.length).equals(Buffer.from(after))).to.equal(true);
        },
      ),
    );
  });

  it('keeps little of a text without an end or a word, however it goes on', async () => {
    for (const piece of ['x', 'sid-', '%61', '\\u0061', '\0a', SID.slice(0, 5)]) {
      const transform = concealSid(finder, () => undefined);
      let sent = 0;
      let got = 0;
      transform.on('data', (chunk: Buffer) => {
        got += chunk.length;
      });
      for (let turn = 0; turn < 200; turn += 1) {
        const chunk = Buffer.from(piece.repeat(1000));
        sent += chunk.length;
        transform.write(chunk);
      }
      await new Promise(setImmediate);
      expect(sent - got, piece).to.be.below(20 * 1024);
      transform.destroy();
    }
  });
});
