import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { startOwnIb } from './own-ib.ts';

const KEY = '{"error":"error.authentication.required"}';
const WORDS = '{"error":"Invalid request"}';
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

describe("IB's word for a dead session", () => {
  for (const [name, pieces, headers] of [
    ['with a byte order mark', [`\ufeff${WORDS}`], {}],
    ['with blanks around', [` \r\n{ "error" :\t"Invalid request" }\n`], {}],
    ['escaped', ['{"error":"\\u0049nvalid request"}'], {}],
    ['in UTF-16', [utf16(WORDS)], { 'content-type': 'application/json; charset=utf-16le' }],
    ['in UTF-16 with a mark', [utf16(`\ufeff${KEY}`)], { 'content-type': 'application/json' }],
    ['in Latin-1', [Buffer.from(`{"error":"Invalid request","message":"é"}`, 'latin1')], {}],
    ['in pieces', ['{"error":"error.authen', 'tication.requ', 'ired"}'], {}],
    [
      'compressed, in pieces',
      [gzipSync(KEY).subarray(0, 12), gzipSync(KEY).subarray(12)],
      { 'content-encoding': 'gzip' },
    ],
  ] as const) {
    it(`ends the session where it comes ${name}`, async () => {
      const ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' } });
      try {
        ib.answer((_asked, response) => {
          response.writeHead(401, headers);
          const [first, ...rest] = pieces;
          response.write(first, () => response.end(Buffer.concat(rest.map((piece) => Buffer.from(piece)))));
        });
        for (const _call of [1, 2]) {
          const answer = await ib.call();
          expect([answer.status, await answer.json()]).to.deep.equal([
            401,
            { error: 'invalid_token', error_description: 'Session has expired' },
          ]);
        }
      } finally {
        await ib.close();
      }
    });
  }
});
