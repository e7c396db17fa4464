/** IB's answer about a login, with all its fields, to be changed by tests. */

/** Unix seconds. */
export const NOW = 1_700_000_000;

export const platform = { origin: 'https://acme.intelligencebank.com', host: 'acme.intelligencebank.com' };

/** The answer to a login that has succeeded. A field that is set to undefined is absent. */
export function loginAnswer(session: object = {}, info: object = {}) {
  return {
    SID: 'anonymous',
    content: {
      session: {
        sid: 'sid-of-session',
        userUuid: 'a'.repeat(32),
        originalUserUuid: null,
        loginTime: NOW - 60,
        ...session,
      },
      info: {
        clientname: 'ACME',
        clientuuid: 'c'.repeat(32),
        clientid: '6M0B',
        sid: 'sid-of-info',
        apikey: 'apikey-of-acme',
        apiV3url: 'https://usprod2usv3.intelligencebank.com',
        logintimeoutperiod: 120,
        firstname: 'Ada',
        lastname: 'Lovelace',
        useruuid: 'a'.repeat(32),
        adminemail: 'admin@acme.example',
        thumbnail: '/uploads/thumbnail.png',
        enableAnnotations: '1',
        ...info,
      },
    },
  };
}
