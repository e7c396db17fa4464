/** okta-auth-js with an issuer that is not Okta: its own addresses are not those of discovery, so they are named. */
import { OktaAuth } from '@okta/okta-auth-js';

const { issuer, clientId, origin } = window.SETTINGS;
const okta = new OktaAuth({
  issuer,
  clientId,
  redirectUri: `${origin}/callback`,
  postLogoutRedirectUri: `${origin}/bye`,
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  authorizeUrl: `${issuer}/authorize`,
  tokenUrl: `${issuer}/token`,
  userinfoUrl: `${issuer}/userinfo`,
  revokeUrl: `${issuer}/revoke`,
  logoutUrl: `${issuer}/logout`,
});
const say = (text) => {
  document.getElementById('root').textContent = text;
};

async function home() {
  if (!(await okta.tokenManager.getTokens()).idToken) return okta.token.getWithRedirect();
  const { name, email } = await okta.token.getUserInfo();
  say(`signed in as ${name}, ${email}`);
}

const pages = {
  '/': home,
  async '/callback'() {
    okta.tokenManager.setTokens((await okta.token.parseFromUrl()).tokens);
    await home();
  },
  async '/refresh'() {
    const before = (await okta.tokenManager.getTokens()).accessToken.accessToken;
    const { accessToken } = await okta.token.renewTokens();
    say(before === accessToken.accessToken ? 'the same token' : 'a new token');
  },
  '/sign-out': () => okta.signOut(),
  '/bye': () => say('signed out'),
};
pages[location.pathname]().catch((error) => say(String(error)));
