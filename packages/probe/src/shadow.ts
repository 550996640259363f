type Method = (...args: never[]) => unknown;

/**
 * Puts `method` in front of the method `key` of one object, as an own property
 * that does not show up in enumeration. Returns whether it could: a property
 * that may not be redefined, or is computed, is left alone.
 */
export function cover(target: object, key: PropertyKey, method: Method): boolean {
  const before = Object.getOwnPropertyDescriptor(target, key);
  if (before === undefined ? !Object.isExtensible(target) : before.configurable !== true || !("value" in before)) {
    return false;
  }
  return Reflect.defineProperty(target, key, { value: method, writable: true, configurable: true, enumerable: false });
}

/**
 * Undoes {@link cover}: the property as it was `before`, or none. Whoever put
 * something in front of ours meanwhile keeps it.
 */
export function uncover(
  target: object,
  key: PropertyKey,
  method: Method,
  before: PropertyDescriptor | undefined,
): void {
  if (Object.getOwnPropertyDescriptor(target, key)?.value !== method) return;
  if (before === undefined) Reflect.deleteProperty(target, key);
  else Reflect.defineProperty(target, key, before);
}

/** What stands behind a cover: the own method there was `before`, else the inherited one as it is now. */
export function behind(target: object, key: PropertyKey, before: PropertyDescriptor | undefined): Method {
  if (before !== undefined) return before.value as Method;
  return Reflect.get(Object.getPrototypeOf(target) as object, key, target) as Method;
}
