/** The sandbox's own page and calls under `/__sandbox/`: switches, playing a user, ending sessions. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { escapeText, htmlPage, parseObject, readBody, sendJson, sendText } from './http.ts';
import { fullName, killSessions, lastToken, type PlatformState, playUser, SandboxError } from './state.ts';
import {
  defaultSwitches,
  SWITCHES,
  type Switches,
  type SwitchName,
  setSwitches,
  switchesOfForm,
} from './switches.ts';

/** Where the control lives. */
export const CONTROL_PREFIX = '/__sandbox/';

/** What a control commands: one platform on its own host, all of them on the API's host. */
export interface ControlDeps {
  readonly platforms: readonly PlatformState[];
  readonly originOf: (platform: PlatformState) => string;
  readonly nowMs: () => number;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

type Wanted = Readonly<Record<string, unknown>>;

/** Method and path of each call, and what it does. */
const ROUTES: Readonly<Record<string, (deps: ControlDeps, wanted: Wanted) => Answer>> = {
  'GET /__sandbox/switches': (deps) => told(deps, ({ switches }) => switches),
  'POST /__sandbox/switches': (deps, wanted) => {
    const [unknown = []] = deps.platforms.map(({ switches }) => setSwitches(switches, wanted));
    if (unknown.length > 0) return { status: 400, body: { unknown } };
    return told(deps, ({ switches }) => switches);
  },
  'POST /__sandbox/reset': (deps) => {
    for (const { switches } of deps.platforms) Object.assign(switches, defaultSwitches());
    return told(deps, ({ switches }) => switches);
  },
  'GET /__sandbox/last-token': (deps) => told(deps, (platform) => ({ token: lastToken(platform) ?? null })),
  'POST /__sandbox/sign-in': (deps, wanted) => {
    const [only, another] = deps.platforms;
    const newest = only !== undefined && another === undefined ? lastToken(only) : undefined;
    const player = { user: String(wanted['user']), token: String(wanted['token'] ?? newest) };
    const { loginTime } = playUser(deps.platforms, deps.nowMs(), player);
    return { status: 200, body: { loginTime } };
  },
  'POST /__sandbox/kill': ({ platforms }) => {
    platforms.forEach(killSessions);
    return { status: 200, body: {} };
  },
};

/** One platform's value, or the values of all by clientid. */
function told({ platforms }: ControlDeps, value: (platform: PlatformState) => unknown): Answer {
  const [only, another] = platforms;
  if (only !== undefined && another === undefined) return { status: 200, body: value(only) };
  const values = platforms.map((platform) => [platform.clientid, value(platform)]);
  return { status: 200, body: Object.fromEntries(values) };
}

/** Answers a call under `/__sandbox/`, JSON or a form of the page; false for paths that are none. */
export async function handleControl(
  deps: ControlDeps,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<boolean> {
  const text = await readBody(request);
  if (request.method === 'GET' && url.pathname === CONTROL_PREFIX) {
    sendText(response, 200, pageOf(deps), 'text/html');
    return true;
  }
  const route = ROUTES[`${request.method} ${url.pathname}`];
  if (route === undefined) return false;
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  const wanted = isForm ? switchesOfForm(new URLSearchParams(text)) : parseObject(text === '' ? '{}' : text);
  const { status, body } = wanted === undefined ? NO_OBJECT : attempt(() => route(deps, wanted));
  if (isForm && status === 200) response.writeHead(303, { location: CONTROL_PREFIX }).end();
  else sendJson(response, status, body);
  return true;
}

const NO_OBJECT: Answer = { status: 400, body: { message: 'the body is no JSON object' } };

function attempt(route: () => Answer): Answer {
  try {
    return route();
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    return { status: 400, body: { code: error.code, message: error.message } };
  }
}

function pageOf({ platforms, originOf }: ControlDeps): string {
  const [only, another] = platforms;
  if (only !== undefined && another === undefined) return platformPage(only);
  const links = platforms.map((platform) => {
    const address = escapeText(`${originOf(platform)}${CONTROL_PREFIX}`);
    return `<li><a href="${address}">${escapeText(platform.clientname)}</a> (${escapeText(platform.clientid)})</li>`;
  });
  const told =
    '<p>Each platform has its own switches. What is posted to this host concerns all platforms.</p>';
  return htmlPage('The sandbox', `${told}<ul>${links.join('')}</ul>`);
}

function platformPage(platform: PlatformState): string {
  const rows = (Object.keys(SWITCHES) as SwitchName[]).map((name) => row(name, platform.switches));
  const users = platform.users.map(fullName).join(', ');
  const button = (path: string, label: string): string =>
    `<form method="post" action="${CONTROL_PREFIX}${path}"><button>${label}</button></form>`;
  return htmlPage(
    `${platform.clientname}: what goes wrong`,
    `<p>A simulated IntelligenceBank platform, clientid ${escapeText(platform.clientid)}. Users: ${escapeText(users)}.</p>` +
      `<form method="post" action="${CONTROL_PREFIX}switches"><table>${rows.join('')}</table>` +
      '<p><button>Set</button></p></form>' +
      `${button('reset', 'All as usual')}${button('kill', 'End all sessions')}`,
  );
}

/** A switch of the page's form. */
function row(name: SwitchName, switches: Switches): string {
  const spec = SWITCHES[name];
  const value = switches[name];
  const choices = 'choices' in spec ? spec.choices : typeof value === 'boolean' ? [false, true] : undefined;
  const options = choices?.map((choice) => {
    const label = typeof choice === 'boolean' ? (choice ? 'on' : 'off') : choice;
    return `<option value="${choice}"${choice === value ? ' selected' : ''}>${label}</option>`;
  });
  const field =
    options === undefined
      ? `<input id="${name}" name="${name}" type="number" min="0" value="${value}">`
      : `<select id="${name}" name="${name}">${options.join('')}</select>`;
  return `<tr><td><label for="${name}"><b>${name}</b></label><small>${escapeText(spec.says)}</small></td><td>${field}</td></tr>`;
}
