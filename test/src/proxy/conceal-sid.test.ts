import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { expect } from 'chai';
import fc from 'fast-check';
import { concealSid } from '../../../src/proxy/conceal-sid.ts';

const SID = 'a1b2c3d4e5f6';
const conceal = (chunks: readonly Buffer[]): Promise<string> =>
  text(
    Readable.from(chunks).pipe(
      concealSid(SID, (url) => `https://proxy.example/~/${url.searchParams.get('id') ?? ''}`),
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
        const out = await buffer(Readable.from(chunks).pipe(concealSid(SID, () => undefined)));
        expect(out.equals(Buffer.from([0xef, 0xbb, 0xbf, ...content]))).to.equal(true);
      }),
    );
  });
});
