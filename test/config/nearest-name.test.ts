import { expect } from 'chai';
import { clientSchema } from '../../config/clients/schema.ts';
import { nearestName } from '../../config/nearest-name.ts';

const FIELDS = Object.keys(clientSchema().shape);

describe('the nearest known name', () => {
  const cases: [typed: string, meant: string | undefined][] = [
    ['redirect_uri', 'redirect_uris'],
    ['redirectUris', 'redirect_uris'],
    ['redirect-uris', 'redirect_uris'],
    ['clientid', 'client_id'],
    ['client_nmae', 'client_name'],
    ['scopes', 'scope'],
    ['grant_type', 'grant_types'],
    ['logo_url', 'logo_uri'],
    ['token_endpoint_auth', 'token_endpoint_auth_method'],
    ['colour', undefined],
    ['x', undefined],
    ['', undefined],
  ];
  for (const [typed, meant] of cases) {
    it(`of ${JSON.stringify(typed)} is ${meant ?? 'none'}`, () =>
      expect(nearestName(typed, FIELDS)).to.equal(meant));
  }

  it('of each name with one letter changed, dropped or swapped is that name', () => {
    for (const name of FIELDS.filter((field) => field.length > 6)) {
      for (let i = 0; i < name.length - 1; i++) {
        if (name.slice(i, i + 2).includes('_')) continue;
        for (const typed of [
          `${name.slice(0, i)}q${name.slice(i + 1)}`,
          `${name.slice(0, i)}${name.slice(i + 1)}`,
          `${name.slice(0, i)}${name[i + 1]}${name[i]}${name.slice(i + 2)}`,
        ]) {
          if (!FIELDS.includes(typed)) expect(nearestName(typed, FIELDS), typed).to.equal(name);
        }
      }
    }
  });
});
