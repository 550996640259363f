// The page puts the same rows together in the same way, so the rule itself is part of the protocol.
export { type ComponentStatus, componentStatus } from "@wsight/protocol";
