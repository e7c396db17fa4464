/** Reading a posted form of ours: small, urlencoded, each field once. */
import type { Context } from 'koa';

const LARGEST_FORM_BYTES = 16 * 1024;

/** A form that is none of ours: too large, of another type, or with a field given twice. */
export class FormError extends Error {
  readonly code: 'too_large' | 'wrong_type' | 'duplicate_field';
  readonly status: number;

  constructor(code: FormError['code']) {
    super(`form refused: ${code}`);
    this.name = 'FormError';
    this.code = code;
    this.status = code === 'too_large' ? 413 : 400;
  }
}

/** The fields of a posted form; throws `FormError`. */
export async function readForm(ctx: Context): Promise<Readonly<Record<string, string>>> {
  if (ctx.is('application/x-www-form-urlencoded') === false) throw new FormError('wrong_type');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > LARGEST_FORM_BYTES) throw new FormError('too_large');
    chunks.push(bytes);
  }
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(Buffer.concat(chunks).toString('utf8'))) {
    if (name in fields) throw new FormError('duplicate_field');
    fields[name] = value;
  }
  return fields;
}
