/** react-oidc-context, which is oidc-client-ts behind a hook. */
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { AuthProvider, useAuth } from 'react-oidc-context';

const { issuer, clientId, origin } = window.SETTINGS;

function App() {
  const auth = useAuth();
  const [said, say] = useState('');
  const { isLoading, isAuthenticated, activeNavigator, error } = auth;
  useEffect(() => {
    if (isLoading || activeNavigator || error || said) return;
    if (!isAuthenticated) auth.signinRedirect();
    else if (location.pathname === '/sign-out') auth.signoutRedirect();
    else if (location.pathname === '/refresh') {
      const before = auth.user.access_token;
      auth
        .signinSilent()
        .then((user) => say(before === user.access_token ? 'the same token' : 'a new token'));
    } else say(`signed in as ${auth.user.profile.name}, ${auth.user.profile.email}`);
  });
  return error ? String(error) : said;
}

const root = createRoot(document.getElementById('root'));
root.render(
  location.pathname === '/bye' ? (
    'signed out'
  ) : (
    <AuthProvider
      authority={issuer}
      client_id={clientId}
      redirect_uri={`${origin}/`}
      post_logout_redirect_uri={`${origin}/bye`}
      scope="openid profile email offline_access"
      onSigninCallback={() => history.replaceState({}, '', '/')}
    >
      <App />
    </AuthProvider>
  ),
);
