import type { ProbeContext } from "../../integration.ts";
import { behind, cover, uncover } from "../../shadow.ts";

/** Hears of one event. */
export type Hear = (...args: never[]) => void;

/** How an object's events are watched. */
export interface EmitWatch {
  /** False for an object that can't be changed. */
  readonly watching: boolean;
  readonly end: () => void;
}

/**
 * Hears what an object tells its listeners, without being one: nothing is added to its listeners, so that the
 * application can remove all of them, count them, or have none for `error`, as before.
 */
export function watchEmit(
  target: object,
  hears: Readonly<Record<string, Hear>>,
  { source, context }: { readonly source: string; readonly context: ProbeContext },
): EmitWatch {
  const { guard, hookCalls } = context;
  const table = new Map(Object.entries(hears));
  const before = Object.getOwnPropertyDescriptor(target, "emit");
  const tell = behind(target, "emit", before) as (...args: unknown[]) => unknown;
  function emit(this: unknown, ...args: unknown[]): unknown {
    const hear = table.get(args[0] as string);
    if (hear !== undefined && !guard.isOpen(source)) {
      hookCalls.value++;
      guard.run("hook", () => (hear as (...rest: unknown[]) => void)(...args.slice(1)), undefined, source);
    }
    return Reflect.apply(tell, this, args);
  }
  const watching = cover(target, "emit", emit as (...args: never[]) => unknown);
  return { watching, end: () => uncover(target, "emit", emit as (...args: never[]) => unknown, before) };
}
