/** The example app's pages. Whatever comes from outside is escaped. */

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function button(path: string, label: string): string {
  return `<form method="post" action="${path}"><button>${label}</button></form>`;
}

function layout(note: string, body: string): string {
  const told = note === '' ? '' : `<p role="status">${escapeText(note)}</p>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Example app</title><style>${STYLE}</style></head>
<body><main><h1>Example app</h1>${told}${body}</main></body></html>`;
}

/** For whoever is not signed in. */
export function signedOutPage(note = ''): string {
  const told = '<p>A third-party app that knows nothing but the address of its OpenID provider.</p>';
  return layout(note, told + button('/sign-in', 'Sign in with IntelligenceBank'));
}

/** What the user wanted did not work; they are as signed in as before. */
export function failedPage(reason: string): string {
  return layout(`That did not work: ${reason}`, '<p><a href="/">Back</a></p>');
}

export interface SignedIn {
  /** Of the userinfo endpoint. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly note: string | undefined;
  /** Names; undefined until the user asked for them. */
  readonly folders: readonly string[] | undefined;
}

/** Who is signed in, and what can be done. */
export function signedInPage({ claims, note, folders }: SignedIn): string {
  const rows = Object.entries(claims).map(
    ([name, value]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(String(value))}</dd>`,
  );
  const names = folders?.map((name) => `<li>${escapeText(name)}</li>`);
  return layout(
    note ?? '',
    `<p>Hello, <strong>${escapeText(String(claims['name']))}</strong>.</p>
<div class="buttons">${button('/folders', 'List folders')}${button('/refresh', 'Refresh')}${button('/sign-out', 'Sign out')}</div>
${names === undefined ? '' : `<h2>Folders in IntelligenceBank</h2><ul>${names.join('')}</ul>`}
<h2>Claims</h2><dl>${rows.join('')}</dl>`,
  );
}

const STYLE = `
:root{color-scheme:light dark;--line:color-mix(in srgb,CanvasText 18%,Canvas)}
body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:Canvas;color:CanvasText}
main{max-width:36rem;margin:3rem auto;padding:0 1rem}
h2{font-size:1.1rem;margin-top:2rem}
[role=status]{border:1px solid var(--line);border-left-width:.3rem;border-radius:.3rem;padding:.5rem .75rem}
.buttons{display:flex;flex-wrap:wrap;gap:.5rem}
button{font:inherit;padding:.5rem 1rem;border:1px solid transparent;border-radius:.3rem;background:#1d4ed8;color:#fff;cursor:pointer}
.buttons form+form button{background:none;color:inherit;border-color:var(--line)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}
dt{opacity:.75}
dd{margin:0;overflow-wrap:anywhere}
@media (max-width:30rem){dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}}`;
