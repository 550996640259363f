/** Hears of what the demo's handlers failed with. */
export type OnDemoError = (type: string, message: string) => void;

/** Makes a handler that reports what goes wrong in it, as a sound application does. */
export type Guarded = <A extends readonly unknown[]>(handler: (...args: A) => Promise<void>) => (...args: A) => void;

/** Makes {@link Guarded}. */
export function createGuarded(onError: OnDemoError): Guarded {
  return (handler) =>
    (...args) => {
      handler(...args).catch((error: unknown) => {
        if (error instanceof Error) onError(error.name, error.message);
        else onError("Error", String(error));
      });
    };
}
