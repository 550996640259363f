const KEY = Symbol.for("wsight.probe.v1");

/**
 * Targets that some probe of this process watches. Kept on `globalThis`, so
 * that a second copy of this package (CommonJS beside ESM, two versions, a
 * hot reload) does not count everything twice.
 */
export function watchedTargets(): WeakSet<object> {
  const holder = globalThis as { [KEY]?: WeakSet<object> };
  holder[KEY] ??= new WeakSet();
  return holder[KEY];
}
