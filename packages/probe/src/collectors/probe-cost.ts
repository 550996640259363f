import type { ConnectionTable } from "../connections.ts";
import type { ProbeContext } from "../integration.ts";
import type { Registry } from "../registry.ts";

/** Calls of the calibration loop. */
const CALIBRATION_CALLS = 20_000;

/**
 * What the probe costs its host. Snapshots and what is read at intervals are measured. Hooks are too short
 * to time (a clock read costs as much as they do), so their calls are counted
 * and charged at the cost of a hook's work, measured once at start on this
 * machine: two counters, a size histogram and a table row.
 */
export function collectProbeCost(
  context: ProbeContext,
  sources: {
    /** Bytes kept because somebody looks. */
    readonly lookBytes: () => number;
    /** Seconds of the application's thread spent so far outside hooks and snapshots. */
    readonly readSeconds: () => number;
  },
): {
  charge: (snapshotSeconds: number) => void;
  end: () => void;
} {
  const { registry, guard } = context;
  const secondsPerHook = calibrate(context);
  const cpu = registry.counter("wsight.probe.cpu");
  const snapshots = registry.histogram("wsight.probe.snapshot.duration");
  const dropped = registry.counter("wsight.probe.series.dropped", { metric: "all" });
  let charged = context.hookCalls.value;
  let readCharged = 0;
  let refusedTold = 0;
  const faultsTold = new Map<string, number>();
  const ends = [
    registry.gauge("wsight.probe.memory", {}, () => memoryOf(registry, context.connections) + sources.lookBytes()),
    registry.gauge("wsight.probe.timing.sample_ratio", {}, () => 1 / context.timing.period),
  ];
  return {
    charge(snapshotSeconds): void {
      snapshots.record(snapshotSeconds);
      const calls = Math.max(0, context.hookCalls.value - charged);
      charged = context.hookCalls.value;
      const read = sources.readSeconds();
      cpu.add(snapshotSeconds + calls * secondsPerHook + read - readCharged);
      readCharged = read;
      dropped.add(registry.refused - refusedTold);
      refusedTold = registry.refused;
      for (const [source, count] of guard.faults) {
        // Grown, not set: everything may have been set to zero meanwhile.
        registry
          .counter("wsight.probe.hook.errors", { integration: source })
          .add(count - (faultsTold.get(source) ?? 0));
        faultsTold.set(source, count);
      }
    },
    end(): void {
      for (const end of ends) end();
    },
  };
}

function memoryOf(registry: Registry, connections: ConnectionTable): number {
  return registry.memoryBytes() + connections.memoryBytes();
}

function calibrate(context: ProbeContext): number {
  const bytes = context.registry.histogram("wsight.probe.snapshot.duration");
  const scratch = bytes.clone();
  let count = 0;
  const begin = context.hr();
  for (let i = 0; i < CALIBRATION_CALLS; i++) {
    count += context.timing.period;
    scratch.record(1 + (i & 1023));
    scratch.sum += count;
  }
  return (2 * (context.hr() - begin)) / 1000 / CALIBRATION_CALLS;
}
