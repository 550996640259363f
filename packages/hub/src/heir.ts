/** Chooses who of the processes of this machine takes over when the hub ends. */
export interface Heirs {
  /**
   * A process that could. `tell` hears at once, and whenever that changes,
   * whether it is the one; it must not throw. Returns how the process leaves.
   */
  join(tell: (heir: boolean) => void): () => void;
}

/** The process that has been linked longest is the heir, as it has shown that it stays. */
export function createHeirs(): Heirs {
  const candidates = new Set<(heir: boolean) => void>();
  const first = (): ((heir: boolean) => void) | undefined => candidates.values().next().value;

  return {
    join(tell) {
      const candidate = (heir: boolean): void => tell(heir);
      candidates.add(candidate);
      candidate(first() === candidate);
      return () => {
        const chosen = first() === candidate;
        if (candidates.delete(candidate) && chosen) first()?.(true);
      };
    },
  };
}
