import type { IncomingMessage } from "node:http";
import {
  createRemoteLink,
  type LinkTiming,
  type Probe,
  type RemoteLinkOptions,
  type RemoteLinkState,
} from "@wsight/probe";
import type { WelcomeFrame } from "@wsight/protocol";
import type { MachineIdentity } from "./machine-identity.ts";

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
  /** For a hub of another user; `null` proves with the machine key who this is, and expects the hub to do so too. */
  readonly token: string | null;
  readonly machine: MachineIdentity;
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
    ...(token === null ? mutualProof(machine, probe.service, Number(new URL(url).port)) : { token: () => token }),
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

/**
 * Says to the hub that this is a process of the same user, and takes nobody for
 * a hub who can't say the same: any process of the machine may have the port.
 */
function mutualProof(
  machine: MachineIdentity,
  service: string,
  port: number,
): Pick<RemoteLinkOptions, "token" | "judge"> {
  let isProven: (answer: IncomingMessage) => boolean = () => false;
  return {
    async token() {
      const identity = await machine.renew();
      if ("problem" in identity) return "";
      const { signMachineToken, proveHub, PROOF_HEADER } = await import("@wsight/hub/machine-key");
      const token = await signMachineToken(identity.key, service, port);
      isProven = ({ headers, socket }) => {
        const expected = proveHub(identity.key, token, { address: socket.remoteAddress, port: socket.remotePort });
        return headers[PROOF_HEADER] === expected;
      };
      return token;
    },
    judge: (answer) => (isProven(answer) ? null : "it can't prove that it is a hub of this user"),
  };
}
