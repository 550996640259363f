import type { DoctorCheck } from "@wsight/protocol";

/** A check of the way from here to the hub, which the hub itself can't make. */
export type WayCheck = Omit<DoctorCheck, "area"> & { readonly area: "way" };

type Draft = Pick<WayCheck, "id" | "state" | "title"> & Partial<Pick<WayCheck, "detail" | "fix">>;

/** Completes a check. */
export function wayCheck({ id, detail = "", fix = null, ...rest }: Draft): WayCheck {
  return { ...rest, id: `way.${id}`, area: "way", detail, fix, node: null };
}
