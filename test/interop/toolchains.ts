/**
 * Builds the programs of other languages. Each folder of `programs` is copied to `.data/interop` and built there from its
 * lock file, so that the tree stays clean; it is built anew only where a file of it has changed.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  globSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const SOURCES = join(import.meta.dirname, 'programs');
const TARGETS = join(import.meta.dirname, '../../.data/interop');
const STAMP = '.built-from';

/** What a folder needs on the path, what else must be there, and how its programs come to be. */
interface Toolchain {
  readonly needs: readonly string[];
  readonly probe?: { readonly command: readonly string[]; readonly lacks: string };
  readonly build: readonly (readonly string[])[];
}

/** One for each folder of `programs`. */
const TOOLCHAINS = {
  python: {
    needs: ['python3'],
    build: [
      ['python3', '-m', 'venv', 'venv'],
      ['venv/bin/pip', 'install', '--quiet', '--require-hashes', '-r', 'requirements.txt'],
    ],
  },
  node: { needs: ['npm'], build: [['npm', 'ci', '--ignore-scripts', '--omit=optional']] },
  go: { needs: ['go'], build: [['go', 'build', '-mod=readonly', '-o', 'client', '.']] },
  browser: {
    needs: ['npm'],
    build: [
      ['npm', 'ci', '--ignore-scripts'],
      [
        'node_modules/.bin/esbuild',
        ...['okta.js', 'react.jsx', 'oidc-spa.js', '--bundle', '--format=esm', '--outdir=dist'],
        ...['--jsx=automatic', '--define:process.env.NODE_ENV="production"', '--log-level=error'],
      ],
    ],
  },
  spring: { needs: ['java', 'mvn'], build: [['mvn', '-q', '-B', '-DskipTests', 'package']] },
  'oauth2-proxy': {
    needs: ['go'],
    build: [
      ['go', 'build', '-mod=readonly', '-o', 'oauth2-proxy', 'github.com/oauth2-proxy/oauth2-proxy/v7'],
    ],
  },
  apache: {
    needs: ['apache2'],
    probe: {
      command: ['test', '-f', '/usr/lib/apache2/modules/mod_auth_openidc.so'],
      lacks: "mod_auth_openidc (Debian's libapache2-mod-auth-openidc)",
    },
    build: [],
  },
  ruby: {
    needs: ['ruby'],
    probe: {
      command: ['ruby', '-e', 'require "omniauth"; require "omniauth_openid_connect"; require "webrick"'],
      lacks: "omniauth_openid_connect (Debian's ruby-omniauth-openid-connect and ruby-webrick)",
    },
    build: [],
  },
  rust: { needs: ['cargo', 'cc'], build: [['cargo', 'build', '--quiet', '--locked']] },
} as const satisfies Readonly<Record<string, Toolchain>>;

export type Folder = keyof typeof TOOLCHAINS;

/** Where a folder's programs are built. */
export const builtIn = (folder: Folder): string => join(TARGETS, folder);

/** Builds a folder; the answer says what is missing on this machine, or undefined where nothing is. */
export async function build(folder: Folder): Promise<string | undefined> {
  const { needs, probe, build: commands }: Toolchain = TOOLCHAINS[folder];
  const missing = needs.filter((program) => !isOnPath(program));
  if (missing.length > 0) return `${missing.join(', ')} on the path`;
  if (probe !== undefined && (await runIn(SOURCES, probe.command)) !== undefined) return probe.lacks;
  const target = builtIn(folder);
  const digest = digestOf(folder);
  const stamp = join(target, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return undefined;
  cpSync(join(SOURCES, folder), target, { recursive: true });
  for (const command of commands) {
    const said = await runIn(target, command);
    if (said !== undefined) return `what \`${command.join(' ')}\` could not do: ${said}`;
  }
  writeFileSync(stamp, digest);
  return undefined;
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a command to its end; its last words where it fails. */
async function runIn(cwd: string, [program = '', ...args]: readonly string[]): Promise<string | undefined> {
  const path = program.includes('/') ? resolve(cwd, program) : program;
  const child = spawn(path, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const [out, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    if (code === 0) return undefined;
    return (errors.trim() || out.trim()).split('\n').slice(-3).join(' | ');
  } catch (error) {
    return (error as Error).message;
  }
}

/** Over all files of a folder, and how it is built. */
function digestOf(folder: Folder): string {
  const hash = createHash('sha256').update(JSON.stringify(TOOLCHAINS[folder]));
  const root = join(SOURCES, folder);
  for (const name of globSync('**', { cwd: root }).sort()) {
    const path = join(root, name);
    if (statSync(path).isFile()) hash.update(`${name}\n`).update(readFileSync(path));
  }
  return hash.digest('hex');
}
