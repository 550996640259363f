import type { EstimationTest, JobPlan, SizeCategory } from "@wsight/protocol";

/** What is typed, as text. */
export interface WhatIfDraft {
  readonly queue: string;
  readonly name: string;
  readonly megabytes: string;
  readonly size: SizeCategory | "";
  readonly plan: JobPlan | "";
  readonly position: string;
  readonly workers: string;
}

/** Nothing is filled in. */
export const NO_DRAFT: WhatIfDraft = {
  queue: "",
  name: "",
  megabytes: "",
  size: "",
  plan: "",
  position: "",
  workers: "",
};

/** The draft as the hub takes it; what is empty is left open. */
export function questionOf({ queue, name, megabytes, size, plan, position, workers }: WhatIfDraft): EstimationTest {
  return {
    ...(queue === "" ? {} : { queue }),
    ...(name.trim() === "" ? {} : { name: name.trim() }),
    ...(megabytes.trim() === "" ? {} : { fileSize: Math.round(Number(megabytes) * 1e6) }),
    ...(size === "" ? {} : { sizeCategory: size }),
    ...(plan === "" ? {} : { userPlan: plan }),
    ...(position.trim() === "" ? {} : { queuePosition: Number(position) }),
    ...(workers.trim() === "" ? {} : { workers: Number(workers) }),
  };
}
