/** oidc-spa without a framework. It keeps no token, and signs in again in silence at each load. */
import { oidcEarlyInit } from 'oidc-spa/entrypoint';

const { issuer, clientId } = window.SETTINGS;
const say = (text) => {
  document.getElementById('root').textContent = text;
};

async function main() {
  const { createOidc } = await import('oidc-spa/core');
  if (location.pathname === '/bye') return say('signed out');
  const oidc = await createOidc({
    issuerUri: issuer,
    clientId,
    scopes: ['profile', 'email', 'offline_access'],
  });
  if (!oidc.isUserLoggedIn) {
    if (oidc.initializationError) return say(oidc.initializationError.message);
    return oidc.login({ doesCurrentHrefRequiresAuth: true });
  }
  const { accessToken: before, decodedIdToken } = await oidc.getTokens();
  if (location.pathname === '/sign-out') return oidc.logout({ redirectTo: 'specific url', url: '/bye' });
  if (location.pathname === '/refresh') {
    await oidc.renewTokens();
    const { accessToken: after } = await oidc.getTokens();
    return say(before === after ? 'the same token' : 'a new token');
  }
  say(`signed in as ${decodedIdToken.name}, ${decodedIdToken.email}`);
}

const { shouldLoadApp } = oidcEarlyInit({ BASE_URL: '/' });
if (shouldLoadApp) main().catch((error) => say(String(error)));
