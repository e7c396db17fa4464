/**
 * `npm run interop [NAME...]`: unmodified programs of other languages sign a user in here, on loopback, from discovery to
 * refresh and sign-out. What this machine lacks is said and does not count as a failure; it is opt-in, since programs are
 * fetched from their registries and built.
 */
import { stringify } from 'yaml';
import { entryOf, type Program, resourceOf } from '../../src/cli/programs/program.ts';
import { programNamed } from '../../src/cli/programs/table.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { createMcpServers, type McpServers } from './mcp-servers.ts';
import { type Run, runProgram } from './program.ts';
import { RUNS } from './runs.ts';
import { build, type Folder } from './toolchains.ts';

const FIRST_PORT = 17_000;
/** As `openssl rand -base64 32` makes them: what Basic does with such characters is part of the test. */
const SECRET = 'zJ+k4Qx/9vT1m+Yc7Hn2/8rWb5Lp0sDfGa6+Uo3iEe4=';
/** MCP clients must refresh within their run; and a token must outlive the call that it comes with, on a busy machine too. */
const MCP_TOKEN_SECONDS = 8;
const DOCUMENTS = 'https://clients.example/';

interface Planned {
  readonly program: Program;
  readonly run: Run;
  readonly origin: string;
}

type Result = 'passed' | 'failed' | 'missing';

/** A program once, with what it is told. */
interface Case {
  readonly name: string;
  readonly variables: Readonly<Record<string, string>>;
}

async function main(asked: readonly string[]): Promise<number> {
  const unknown = asked.filter((name) => RUNS[name] === undefined);
  if (unknown.length > 0) {
    console.error(`${unknown.join(', ')}: not among ${Object.keys(RUNS).join(', ')}`);
    return 1;
  }
  const names = Object.keys(RUNS).filter((name) => asked.length === 0 || asked.includes(name));
  const plan = names.map(planOf);
  const results = [
    ...(await runApps(plan.filter(({ run }) => run.mcp === undefined))),
    ...(await runMcpClients(plan.filter(({ run }) => run.mcp === true))),
  ];
  const count = (result: Result): number => results.filter((each) => each === result).length;
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('missing')} skipped`);
  return count('failed') === 0 ? 0 : 1;
}

function planOf(name: string, at: number): Planned {
  const [program, run] = [programNamed(name), RUNS[name]];
  if (program === undefined || run === undefined) throw new Error(`${name} has no row in src/cli/programs`);
  return { program, run, origin: `http://localhost:${FIRST_PORT + at}` };
}

/** As `client add --for NAME` registers it. */
function registrationOf({ program, origin }: Planned): object {
  const { redirectUris, fields } = entryOf(program, origin);
  const isPublic = fields['token_endpoint_auth_method'] === 'none';
  return {
    client_id: program.name,
    redirect_uris: redirectUris,
    ...(isPublic ? {} : { client_secret_env: 'INTEROP_SECRET' }),
    ...fields,
  };
}

/** Programs that sign users in for themselves. */
async function runApps(plan: readonly Planned[]): Promise<Result[]> {
  if (plan.length === 0) return [];
  const stack = await startStack({
    clients: stringify({
      clients: plan.map(registrationOf),
      resources: plan.flatMap(({ program, origin }) => resourceOf(program, origin) ?? []),
    }),
    env: { LOG_LEVEL: 'silent', INTEROP_SECRET: SECRET },
  });
  const results: Result[] = [];
  for (const planned of plan) {
    const { program, origin } = planned;
    const variables = {
      CLIENT_ID: program.name,
      CLIENT_SECRET: SECRET,
      ORIGIN: origin,
      PORT: new URL(origin).port,
      REDIRECT_URI: entryOf(program, origin).redirectUris[0] ?? '',
      RESOURCE: `${origin}${program.resource?.path ?? ''}`,
    };
    results.push(await runCase(planned, stack, { name: program.name, variables }));
  }
  await stack.close();
  return results;
}

/** MCP clients, each at every server: by its metadata document and by registering itself; once as an admin entered it. */
async function runMcpClients(plan: readonly Planned[]): Promise<Result[]> {
  if (plan.length === 0) return [];
  const mcp = await createMcpServers('INTEROP_SECRET');
  const { clients, resources } = mcp.registration;
  const stack = await startStack({
    clients: stringify({ clients: [...clients, ...plan.map(registrationOf)], resources }),
    env: {
      LOG_LEVEL: 'silent',
      INTEROP_SECRET: SECRET,
      REGISTRATION: 'open',
      REGISTRATIONS_PER_HOUR: '1000',
      CLIENT_ID_METADATA_HOSTS: '*',
    },
    lifetimes: { accessTokenSeconds: MCP_TOKEN_SECONDS },
    // Clients name themselves by https addresses alone, and none is reached from here.
    fetch: async (input) => documentAt(String(input), plan),
  });
  await mcp.start(stack.issuer, SECRET);
  const results: Result[] = [];
  for (const planned of plan)
    for (const one of mcpCases(planned.program, mcp)) results.push(await runCase(planned, stack, one));
  mcp.close();
  await stack.close();
  return results;
}

function mcpCases({ name }: Program, { servers }: McpServers): Case[] {
  const ways = [
    { way: 'by registration', variables: {} },
    { way: 'by metadata document', variables: { METADATA_URL: `${DOCUMENTS}${name}` } },
  ];
  const both = servers.flatMap((server) =>
    ways.map(({ way, variables }) => ({
      name: `${name} at a server that ${server.name}, ${way}`,
      variables: { ...variables, MCP_URL: server.url, TOKEN_SECONDS: String(MCP_TOKEN_SECONDS) },
    })),
  );
  const entered = servers.slice(0, 1).map((server) => ({
    name: `${name}, entered by an admin`,
    variables: { CLIENT_ID: name, MCP_URL: server.url, TOKEN_SECONDS: String(MCP_TOKEN_SECONDS) },
  }));
  return [...both, ...entered];
}

/** What a client of this run says of itself, as Claude Code does: loopback without a port. */
function documentAt(url: string, plan: readonly Planned[]): Response {
  const found = plan.find(({ program }) => url === DOCUMENTS + program.name);
  if (found === undefined) return new Response(null, { status: 404 });
  return Response.json({
    client_id: url,
    client_name: found.program.title,
    redirect_uris: found.program.redirects,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  });
}

const built = new Map<Folder, string | undefined>();

async function runCase({ run }: Planned, stack: Stack, { name, variables }: Case): Promise<Result> {
  if (!built.has(run.folder)) built.set(run.folder, await build(run.folder));
  const lacks = built.get(run.folder);
  if (lacks !== undefined) {
    console.log(`missing  ${name}: ${lacks}`);
    return 'missing';
  }
  try {
    await runProgram(run, stack, variables);
    const steps = run.steps.map((step) => (typeof step === 'string' ? step : step.step));
    console.log(`passed   ${name}: ${steps.join(', ')}`);
    return 'passed';
  } catch (error) {
    console.log(`failed   ${name}: ${(error as Error).message}`);
    return 'failed';
  }
}

process.exit(await main(process.argv.slice(2)));
