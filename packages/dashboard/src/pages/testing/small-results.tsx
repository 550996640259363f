import type { EchoProgress, EchoResult, PoolTestResult, ServerTestStep } from "@wsight/protocol";
import type { VNode } from "preact";
import { Bar } from "../../components/bar.tsx";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";
import { barsOf } from "./distribution.ts";
import { Facts, Part, Workers } from "./parts.tsx";
import { ms, number, ratio } from "./words.ts";

const STEP_NAMES: Readonly<Record<ServerTestStep["name"], string>> = {
  reach: "Reach the server",
  upgrade: "Upgrade to a WebSocket",
  auth: "Credentials are asked for",
  origin: "Pages of strangers",
  protocol: "Sub-protocol",
  ping: "Ping and pong",
  echo: "A message and its answer",
  payload: "Large messages",
  close: "Close codes",
};

const STEP_STATES: Readonly<
  Record<ServerTestStep["state"], { readonly icon: IconName; readonly tone: Tone; readonly word: string }>
> = {
  ok: { icon: "ok", tone: "ok", word: "OK" },
  warning: { icon: "warn", tone: "warn", word: "Attention" },
  failed: { icon: "alert", tone: "crit", word: "Fails" },
  skipped: { icon: "info", tone: "quiet", word: "Skipped" },
};

/** The steps of a server test that are done, and what each took. */
export function Steps({ steps }: { readonly steps: readonly ServerTestStep[] }): VNode {
  return (
    <ol class="checks">
      {steps.map(({ name, state, tookMs, detail, fix }) => (
        <li key={name} data-tone={STEP_STATES[state].tone}>
          <span class="check-state">
            <Icon name={STEP_STATES[state].icon} />
            {STEP_STATES[state].word}
          </span>
          <div class="check-text">
            <p>
              <b>{STEP_NAMES[name]}</b>
              {tookMs === null ? null : <span class="card-note">{ms(tookMs)}</span>}
            </p>
            {detail === "" ? null : <p class="check-detail">{detail}</p>}
            {fix === null ? null : <p class="fix">{fix}</p>}
          </div>
        </li>
      ))}
    </ol>
  );
}

/** How connections spread over workers. */
export function PoolOutcome({ result }: { readonly result: PoolTestResult }): VNode {
  const { connections, opened, failures, knownBy, workers, unknown, balance } = result;
  return (
    <div class="outcome">
      <Part title="Spread" {...(knownBy === null ? {} : { note: `known by ${knownBy}` })}>
        {workers.length === 0 ? (
          <p class="fine">
            Nobody said which worker a connection came to. Let workers answer the handshake with a header x-worker-id,
            or name the field of the first message that tells.
          </p>
        ) : (
          <Workers workers={workers} unknown={unknown} />
        )}
      </Part>
      <Part title="Figures">
        <Facts
          facts={[
            ["Opened", `${number(opened)} of ${number(connections)}`],
            ["Workers", number(workers.length)],
            [
              "Balance",
              balance === null
                ? "– (one worker)"
                : `${ratio(balance)}${balance >= 0.8 ? ", even" : balance >= 0.5 ? ", uneven" : ", lopsided"}`,
            ],
          ]}
        />
        {failures.map(({ reason, count }) => (
          <p key={reason} class="fine">
            {number(count)} × {reason}
          </p>
        ))}
      </Part>
    </div>
  );
}

/** Round trips one after another. */
export function EchoOutcome({ result }: { readonly result: EchoResult }): VNode {
  const { latency, sent, answered, lost, size, reply, connectMs, jitterMs } = result;
  const bars = latency === null ? [] : barsOf(latency);
  const most = Math.max(1, ...bars.map(({ count }) => count));
  return (
    <div class="outcome">
      <Part title="Round trips" note={`${number(sent)} messages of ${number(size)} bytes`}>
        {latency === null ? (
          <p class="fine">No message was answered.</p>
        ) : (
          <>
            <div class="histogram" aria-hidden="true">
              {bars.map(({ fromMs, toMs, count }) => (
                <i
                  key={fromMs}
                  title={`${ms(fromMs)} – ${ms(toMs)}: ${count}`}
                  style={{ height: `${(count / most) * 100}%` }}
                  data-none={count === 0 ? "" : undefined}
                />
              ))}
              {[[latency.p50, "p50"] as const, [latency.p95, "p95"] as const].map(([value, name]) => (
                <u key={name} style={{ left: `${Math.min(1, value / (bars.at(-1)?.toMs ?? 1)) * 100}%` }}>
                  {name}
                </u>
              ))}
            </div>
            <p class="histogram-axis fine">
              <span>0</span>
              <span>{ms(bars.at(-1)?.toMs ?? 0)}</span>
            </p>
            <details class="fine">
              <summary>The histogram in figures</summary>
              <ul class="tally">
                {bars
                  .filter(({ count }) => count > 0)
                  .map(({ fromMs, toMs, count }) => (
                    <li key={fromMs}>
                      <span>
                        {ms(fromMs)} – {ms(toMs)}
                      </span>
                      <b>{number(count)}</b>
                      <Bar share={count / most} />
                    </li>
                  ))}
              </ul>
            </details>
          </>
        )}
      </Part>
      <Part title="Figures">
        <Facts
          facts={[
            ["p50", ms(latency?.p50)],
            ["p95", ms(latency?.p95)],
            ["p99", ms(latency?.p99)],
            ["Longest", ms(latency?.max)],
            ["Jitter", ms(jitterMs)],
            ["Connected in", ms(connectMs)],
            ["Answered, lost", `${number(answered)} (${reply}), ${number(lost)}`],
          ]}
        />
      </Part>
    </div>
  );
}

/** How an echo test goes. */
export function EchoCourse({ progress }: { readonly progress: EchoProgress }): VNode {
  const { sent, answered, lost, lastMs } = progress;
  return (
    <p class="card-line">
      {number(sent)} sent, {number(answered)} answered, {number(lost)} lost, the newest in {ms(lastMs)}
    </p>
  );
}
