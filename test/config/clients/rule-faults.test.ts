import { expect } from 'chai';
import { client, useClientsFile } from './clients-file.ts';

describe('fields of the clients file that do not go together', () => {
  const { faultsOf } = useClientsFile();
  const none = 'token_endpoint_auth_method: none';
  const uris = "redirect_uris: ['https://a.example/cb']";
  const cases: Record<string, [text: string, ...faults: string[]]> = {
    'no redirect URI': [
      `clients: [{ client_id: a, ${none} }]`,
      'clients[0].redirect_uris: is needed for the authorization_code grant type',
    ],
    'no secret': [
      `clients: [{ client_id: a, ${uris} }]`,
      'clients[0].token_endpoint_auth_method: client_secret_basic needs client_secret_env or client_secret_file (or set none for a public client)',
    ],
    'a public client with a secret': [
      client('client_secret_env: A_SECRET,'),
      'clients[0].client_secret_env: is not used with token_endpoint_auth_method: none; remove it',
    ],
    'a missing variable': [
      `clients: [{ client_id: a, client_secret_env: [A_SECRET, NO_SECRET], ${uris} }]`,
      'clients[0].client_secret_env[1]: the environment variable NO_SECRET is not set',
    ],
    'an empty variable': [
      `clients: [{ client_id: a, client_secret_env: EMPTY, ${uris} }]`,
      'clients[0].client_secret_env: the environment variable EMPTY is empty',
    ],
    'a secret with spaces': [
      `clients: [{ client_id: a, client_secret_env: SPACED, ${uris} }]`,
      'clients[0].client_secret_env: the environment variable SPACED holds spaces, line breaks or characters that are not ASCII',
    ],
    'a missing secret file': [
      `clients: [{ client_id: a, client_secret_file: none.txt, ${uris} }]`,
      'clients[0].client_secret_file: the file "none.txt" does not exist',
    ],
    'an empty secret file': [
      `clients: [{ client_id: a, client_secret_file: empty.txt, ${uris} }]`,
      'clients[0].client_secret_file: the file "empty.txt" is empty',
    ],
    'private_key_jwt without keys': [
      `clients: [{ client_id: a, token_endpoint_auth_method: private_key_jwt, ${uris} }]`,
      'clients[0].token_endpoint_auth_method: private_key_jwt needs jwks or jwks_uri',
    ],
    'both jwks and jwks_uri': [
      client("jwks_uri: 'https://a.example/jwks', jwks: { keys: [{ kty: OKP, crv: Ed25519, x: abc }] },"),
      'clients[0].jwks_uri: must not stand beside jwks; keep one',
    ],
    'an assertion algorithm without assertions': [
      client('token_endpoint_auth_signing_alg: ES256,'),
      'clients[0].token_endpoint_auth_signing_alg: is only used with token_endpoint_auth_method: private_key_jwt',
    ],
    'signed requests without keys': [
      client('require_signed_request_object: true, request_object_signing_alg: ES256,'),
      'clients[0].require_signed_request_object: needs jwks or jwks_uri',
      'clients[0].request_object_signing_alg: needs jwks or jwks_uri',
    ],
    'refresh_token alone': [
      `clients: [{ client_id: a, client_secret_env: A_SECRET, grant_types: [refresh_token] }]`,
      'clients[0].grant_types: refresh_token needs authorization_code or the device_code grant type beside it',
    ],
    'client_credentials of a public client': [
      client('grant_types: [authorization_code, client_credentials],'),
      'clients[0].grant_types: client_credentials is only for clients that authenticate, not for token_endpoint_auth_method: none',
    ],
    'code without its grant': [
      `clients: [{ client_id: a, client_secret_env: A_SECRET, grant_types: [client_credentials], response_types: [code] }]`,
      'clients[0].response_types: code needs authorization_code in grant_types',
    ],
    'the grant without code': [
      client('response_types: [],'),
      'clients[0].response_types: must hold code for the authorization_code grant type',
    ],
    'pairwise subjects over several hosts': [
      `clients: [{ client_id: a, ${none}, subject_type: pairwise, redirect_uris: ['https://a.example/', 'https://b.example/'] }]`,
      'clients[0].sector_identifier_uri: is needed for pairwise subjects where redirect_uris name several hosts',
    ],
    'pairwise subjects on devices': [
      client(
        "subject_type: pairwise, grant_types: [authorization_code, 'urn:ietf:params:oauth:grant-type:device_code'],",
      ),
      'clients[0].subject_type: pairwise with the device_code grant type needs private_key_jwt and jwks_uri',
    ],
    'a logout session without logout': [
      client('backchannel_logout_session_required: true,'),
      'clients[0].backchannel_logout_session_required: needs backchannel_logout_uri',
    ],
    'a foreign platform': [
      client('', 'platforms: [acme.intelligencebank.com, evil.example]'),
      'clients[0].ib.platforms[1]: is not allowed by IB_HOSTS',
    ],
    'a foreign default platform': [
      client('', 'default_platform: evil.example'),
      'clients[0].ib.default_platform: is not allowed by IB_HOSTS',
    ],
    'a default platform off the list': [
      client('', 'platforms: [a.intelligencebank.com], default_platform: b.intelligencebank.com'),
      'clients[0].ib.default_platform: must be one of ib.platforms',
    ],
    'looks that nobody can read or find': [
      client('', "color: '#ffff00', logo: none.svg"),
      'clients[0].ib.logo: does not exist',
      'clients[0].ib.color: is too light to be read on white: contrast 1.1, needs 4.5',
    ],
    'times of logins where no ID token tells them': [
      client('scope: profile, default_max_age: 60, require_auth_time: true,'),
      'clients[0].default_max_age: needs openid in scope: it is told in ID tokens alone',
      'clients[0].require_auth_time: needs openid in scope: it is told in ID tokens alone',
    ],
    'resources that are served by nobody, or by anybody': [
      `${client('')}\nresources: [{ identifier: 'https://a.example/', scopes: [profile], client_id: b }, { identifier: 'https://b.example/', scopes: [profile], client_id: a }]`,
      'resources[0].client_id: is not the client_id of a client in this file',
      'resources[1].client_id: must not be a public client, which proves nothing',
    ],
  };
  for (const [name, [text, ...faults]] of Object.entries(cases)) {
    it(`names ${name}`, () => expect(faultsOf(text)).to.deep.equal(faults));
  }
});
