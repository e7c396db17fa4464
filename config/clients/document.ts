/** A clients' file as it was written, whatever stands in it. */

/** A list of the document; none where there is no such list. */
export function listOf(value: unknown, field: string): readonly unknown[] {
  const list = isGroup(value) ? value[field] : undefined;
  return Array.isArray(list) ? list : [];
}

/** Whether a value is a group of fields. */
export function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
