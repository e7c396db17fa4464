/** Commands that change something are noted in the audit stream, where it has a file. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { readEnvironment } from '../../config/env.ts';
import { parseSettings } from '../../config/settings.ts';
import { createFileAudit } from '../telemetry/audit.ts';
import { AuditError } from '../telemetry/audit-file.ts';
import { CommandError } from './context.ts';

const CHANGES: ReadonlySet<string> = new Set([
  'client add',
  'client remove',
  'client rotate-secret',
  'client registration-token',
  'keys rotate',
  'secrets create',
  'secrets rotate',
  'session revoke',
  'store backup',
  'store create',
  'store sweep',
]);

/**
 * What notes a command once it is done; undefined for one that changes nothing. Throws where nothing may happen that cannot
 * be noted, before it has.
 */
export function noteOf(command: Command): (() => void) | undefined {
  const name = `${command.parent?.name()} ${command.name()}`;
  if (!CHANGES.has(name)) return undefined;
  const { audit: settings } = parseSettings(readEnvironment(), process.cwd()).settings;
  const { file } = settings;
  if (file === undefined) return undefined;
  try {
    const audit = createFileAudit({ ...settings, file }, (trouble) => {
      if ('error' in trouble) process.stderr.write(`AUDIT_FILE: cannot be written (${trouble.error.code})\n`);
    });
    return () => {
      const { user, client } = command.opts<{ user?: string; client?: string }>();
      const admin = userInfo().username;
      audit.write('admin_command', { admin, command: name, arguments: command.args, user, client });
    };
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    throw new CommandError([`AUDIT_FILE: cannot be written (${error.code}); nothing is done`]);
  }
}
