import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { fieldErrors, problemOf } from "./hub-ask.ts";

/** What comes of a form that is sent. */
export interface Saving {
  readonly busy: boolean;
  /** Why the hub refused, for people; `null` while it has not. */
  readonly problem: string | null;
  /** What is wrong with single fields. */
  readonly mistakes: Readonly<Record<string, string>>;
  /** Does it once at a time; `said` is shown when it worked, and then `done` is called. */
  run(work: () => Promise<unknown>, said: string, done: () => void): void;
}

/** For whatever changes something at the hub: says that it worked, or why not. */
export function useSaving(): Saving {
  const { toasts } = useApp();
  const [state, setState] = useState<Omit<Saving, "run">>(QUIET);
  return {
    ...state,
    run(work, said, done) {
      if (state.busy) return;
      setState({ ...QUIET, busy: true });
      work().then(
        () => {
          setState(QUIET);
          toasts.show(said);
          done();
        },
        (error: unknown) => setState({ busy: false, problem: problemOf(error), mistakes: fieldErrors(error) }),
      );
    },
  };
}

const QUIET = { busy: false, problem: null, mistakes: {} } as const;

/** What is wrong with a field or anything within it; `undefined` for nothing. */
export function mistakeAt(mistakes: Saving["mistakes"], field: string): string | undefined {
  const within = Object.keys(mistakes).filter((name) => name === field || /^[.[]/.test(name.slice(field.length)));
  const texts = within.filter((name) => name.startsWith(field)).map((name) => mistakes[name] ?? "");
  return texts.length === 0 ? undefined : texts.join("; ");
}
