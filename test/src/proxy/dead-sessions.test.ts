import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { grantIdOf, ibSessionIdOf } from '../../../adapters/store/handles.ts';
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

  it('ends no session that has taken the place of the one it speaks of', async () => {
    const ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' } });
    try {
      const { store } = ib.stack.server;
      const id = ibSessionIdOf(grantIdOf(ib.bearer.authorization.slice('Bearer '.length)) ?? '') ?? '';
      const sids: unknown[] = [];
      // The user signs in again while the call is under way, and IB forgets the session of before.
      ib.answer(({ headers }, response) => {
        sids.push(headers['sid']);
        if (headers['sid'] !== ib.sid) return void response.end('alive');
        void store
          .unit(async () => {
            const session = await store.ibSessions.find(id);
            if (session !== undefined)
              await store.ibSessions.put(id, { ...session, sid: 'sid-of-a-new-login' });
          })
          .then(() => response.writeHead(401).end(KEY));
      });
      const answer = await ib.call();
      expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).to.deep.equal([
        503,
        '1',
        {
          error: 'temporarily_unavailable',
          error_description: 'the user has just signed in again; repeat the call',
        },
      ]);
      expect((await ib.call()).status).to.equal(200);
      expect(sids).to.deep.equal([ib.sid, 'sid-of-a-new-login']);
    } finally {
      await ib.close();
    }
  });
});
