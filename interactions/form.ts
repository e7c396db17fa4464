/** Reading a posted form of ours: urlencoded, each field once. How large it may be is held in front. */
import type { Context } from 'koa';

/** A form that is none of ours: of another type, or with a field given twice. */
export class FormError extends Error {
  readonly code: 'wrong_type' | 'duplicate_field';
  readonly status = 400;

  constructor(code: FormError['code']) {
    super(`form refused: ${code}`);
    this.name = 'FormError';
    this.code = code;
  }
}

/** The fields of a posted form; throws `FormError`. */
export async function readForm(ctx: Context): Promise<Readonly<Record<string, string>>> {
  if (ctx.is('application/x-www-form-urlencoded') === false) throw new FormError('wrong_type');
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.req) chunks.push(chunk as Buffer);
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(Buffer.concat(chunks).toString('utf8'))) {
    if (name in fields) throw new FormError('duplicate_field');
    fields[name] = value;
  }
  return fields;
}
