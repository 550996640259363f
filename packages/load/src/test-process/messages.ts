export type { TestCall, TestOrder, TestReport } from "@wsight/protocol";
