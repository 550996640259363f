import type { ProbeContext } from "../integration.ts";
import { HostReadings } from "./host/host-readings.ts";
import { portableHost } from "./host/portable-host.ts";
import { hasProc, procHost } from "./host/proc-host.ts";
import type { LoadSystemInformation } from "./host/system-information.ts";

/** Figures of the host, from `/proc` where there is one. Returns how to end it. */
export function collectHost(context: ProbeContext, load: LoadSystemInformation): () => void {
  const source = hostSourceOf(context.options.hostSource);
  if (source === null) return () => undefined;
  const readings = new HostReadings(context.registry);
  const { name, main, others } = source === "proc" ? procHost(readings) : portableHost(readings, load);
  let isUp = true;
  const watched = (): void => {
    isUp = false;
    main.read();
    isUp = true;
  };
  const ends = [
    context.pull({ ...main, read: watched }),
    ...others.map((pull) => context.pull(pull)),
    context.provideComponent({ kind: "system", name: "host", library: name, isUp: () => isUp }),
  ];
  return () => {
    for (const end of ends) end();
    readings.end();
  };
}

/** How the host is read; `null` for not at all. */
export function hostSourceOf(option: ProbeContext["options"]["hostSource"]): "proc" | "systeminformation" | null {
  if (option === "none") return null;
  if (option !== "auto") return option;
  return hasProc() ? "proc" : "systeminformation";
}
