import type { VNode } from "preact";
import { confidenceSteps } from "./eta.ts";

const STEPS = [1, 2, 3, 4] as const;

interface ConfidenceProps {
  /** 0 to 100; `null` for not known. */
  readonly confidence: number | null;
  /** Writes the percent beside the bar; else it is told to those who do not see the bar. @default false */
  readonly percent?: boolean;
}

/** How sure an estimate is: a bar of four steps. */
export function Confidence({ confidence, percent = false }: ConfidenceProps): VNode {
  if (confidence === null) return <span class="unknown">–</span>;
  const steps = confidenceSteps(confidence);
  const text = `${Math.round(confidence)} %`;
  return (
    <span class="confidence" title={`${text} of such jobs end within 25 % of the estimate`}>
      <span class="confidence-steps" aria-hidden="true">
        {STEPS.map((step) => (
          <i key={step} data-on={step <= steps ? "" : undefined} />
        ))}
      </span>
      <span class={percent ? undefined : "sr-only"}>{text}</span>
    </span>
  );
}
