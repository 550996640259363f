import type { MachineKey } from "@wsight/hub/machine-key";
import { createRemoteLink, type LinkTiming, type Probe, type RemoteLinkState } from "@wsight/probe";
import type { WelcomeFrame } from "@wsight/protocol";

/** `quick`: the next hub of the machine is there in a tenth of a second. `patient`: it has not been there for long. */
const TIMINGS: Readonly<Record<"quick" | "patient", Partial<LinkTiming>>> = {
  quick: { connectMs: 2000, firstWaitMs: 100, longestWaitMs: 250, refusedWaitMs: 2000, stoodMs: 0 },
  patient: {},
};

/** What a membership is made from. */
export interface MembershipParts {
  readonly probe: Probe;
  /** `http://HOST:PORT` of the hub. */
  readonly url: string;
  /** For a hub of another user; `null` proves with the machine key who this is. */
  readonly token: string | null;
  readonly machine: MachineKey;
  readonly pace: keyof typeof TIMINGS;
  readonly onWelcome: (welcome: WelcomeFrame) => void;
  readonly onState: (state: RemoteLinkState) => void;
}

/** Links the probe to the hub of its machine, and knocks again when it is away. */
export interface Membership {
  readonly pace: MembershipParts["pace"];
  /** Ends it; nothing is heard of it afterwards. */
  leave(): void;
}

/** Begins a membership. */
export function joinHub(parts: MembershipParts): Membership {
  const { probe, url, token, machine, pace, onWelcome, onState } = parts;
  let current = true;
  const link = createRemoteLink({
    url: url.replace(/^http/, "ws"),
    token: () => token ?? proof(machine, probe.service),
    timing: TIMINGS[pace],
    onWelcome: (welcome) => {
      if (current) onWelcome(welcome);
    },
    onState: (state) => {
      if (current) onState(state);
    },
  });
  const disconnect = probe.connect(link);
  return {
    pace,
    leave() {
      current = false;
      disconnect();
    },
  };
}

/** Says that this is a process of the same user. */
async function proof(machine: MachineKey, service: string): Promise<string> {
  if ("problem" in machine) return "";
  const { signMachineToken } = await import("@wsight/hub/machine-key");
  return signMachineToken(machine.key, service);
}
