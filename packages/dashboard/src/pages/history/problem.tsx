import type { VNode } from "preact";
import { Icon } from "../../components/icon.tsx";

interface ProblemProps {
  /** What could not be had: `These figures`. */
  readonly what: string;
  readonly problem: string;
  readonly onRetry: () => void;
}

/** Says that a question was not answered, why, and how to ask again. */
export function Problem({ what, problem, onRetry }: ProblemProps): VNode {
  return (
    <div class="history-problem" role="alert">
      <Icon name="warn" />
      <p>
        {what} could not be read: {problem}
      </p>
      <button type="button" class="button" onClick={onRetry}>
        <Icon name="retry" />
        Ask again
      </button>
    </div>
  );
}
