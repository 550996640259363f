import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { useApp } from "../app-context.ts";
import { RailStrip } from "./rail-strip.tsx";
import "../style/rail.css";

/** What stands in the time rail at the bottom of every page: the time, the strip, and the way back to now. */
export function Rail(): VNode {
  const { live, clock, second } = useApp();
  const at = live.now.value;
  const shown = at > 0 ? at : second.value;
  useEffect(() => {
    // How to select in a chart is there before somebody first does.
    import("../charts/time-select.ts").catch(reportError);
  }, []);
  return (
    <>
      <p class="rail-clock">
        <strong>{clock.value.time(shown)}</strong>
        {clock.value.day(shown)}
      </p>
      <RailStrip />
      <LiveButton />
    </>
  );
}

function LiveButton(): VNode {
  const { live, route, time } = useApp();
  const away = route.range.value !== null;
  const still = live.paused.value || away;
  const { state } = live.status.value;
  const tone = state === "offline" ? "crit" : state === "live" && !still ? "ok" : "quiet";
  return (
    <button
      type="button"
      class="live-button"
      data-tone={tone}
      title={state === "offline" ? "Retry now" : still ? "Return to live" : "Showing live data"}
      onClick={() => {
        time.goLive();
        if (state === "offline") live.retryNow();
      }}
    >
      {state === "offline" ? "Offline" : still ? "Go live" : "Live"}
    </button>
  );
}
