/** Hears how something ended: an error, or `null`. Must not throw. */
export type Ended = (error: unknown) => void;

/**
 * A promise that settles as `promise` does, once `ended` has heard of it. It is
 * the one to hand on: whoever does not catch it leaves a rejection unhandled,
 * as with the one it was made from. To listen to that one beside handing it on
 * would mark its rejection as handled.
 */
export function observed<T>(
  promise: PromiseLike<T>,
  ended: (error: unknown, value: T | undefined) => void,
): PromiseLike<T> {
  return promise.then(
    (value) => {
      ended(null, value);
      return value;
    },
    (error: unknown) => {
      ended(error, undefined);
      throw error;
    },
  );
}
