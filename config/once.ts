/** A value that is made when it is first asked for: an import makes nothing, and who starts pays for what he uses. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
