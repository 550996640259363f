import type { DoctorCheck, DoctorFix, DoctorState } from "@wsight/protocol";
import type { VNode } from "preact";
import { useId } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";
import { span } from "../../format/quantity.ts";
import { checkBrowser } from "./browser-checks.ts";
import { arrangeChecks, countState, type Section } from "./sections.ts";
import { type ReportState, useReport } from "./use-report.ts";

const EVERY_MS = 15_000;

const STATES: Readonly<Record<DoctorState, { readonly icon: IconName; readonly tone: Tone; readonly word: string }>> = {
  fail: { icon: "alert", tone: "crit", word: "Fails" },
  warn: { icon: "warn", tone: "warn", word: "Attention" },
  info: { icon: "info", tone: "quiet", word: "Note" },
  ok: { icon: "ok", tone: "ok", word: "OK" },
};

/** The doctor's report, and what only this browser knows. */
export function Setup(): VNode {
  const { live } = useApp();
  const report = useReport(EVERY_MS);
  const { dated } = report;
  const ofBrowser = checkBrowser({
    transport: live.status.value.transport,
    protocol: location.protocol,
    hostname: location.hostname,
    port: location.port,
    clock: dated === null ? null : { differenceMs: dated.clockMs, errorMs: dated.clockErrorMs },
  });
  const checks = dated?.report.checks ?? [];
  return (
    <div class="setup">
      <Verdict report={report} checks={[...checks, ...ofBrowser]} />
      {arrangeChecks(checks, ofBrowser).map((section) => (
        <Checks key={section.id} section={section} />
      ))}
    </div>
  );
}

interface VerdictProps {
  readonly report: ReportState;
  readonly checks: readonly DoctorCheck[];
}

function Verdict({ report: { dated, error, asking, refresh }, checks }: VerdictProps): VNode {
  const fails = countState(checks, "fail");
  const warns = countState(checks, "warn");
  const state = dated === null ? "info" : fails > 0 ? "fail" : warns > 0 ? "warn" : "ok";
  const { icon, tone } = STATES[state];
  return (
    <section class="card state" data-tone={tone} aria-label="Result">
      <span class="state-tile">
        <Icon name={dated === null ? "waiting" : icon} />
      </span>
      <div class="state-text" role="status">
        <h2>{titleOf(dated !== null, fails, warns)}</h2>
        <p>
          {error === null
            ? "What wsight found in your processes, what it misses, and the line that mends it. The same is what "
            : `The hub could not be asked: ${error.message}. `}
          {error === null ? (
            <>
              <code>wsight doctor</code> says.
            </>
          ) : null}
        </p>
      </div>
      <div class="setup-again">
        <CheckedAt cameAt={dated?.cameAt ?? null} />
        <button type="button" class="button" onClick={refresh} aria-disabled={asking}>
          <Icon name="retry" />
          Check again
        </button>
      </div>
    </section>
  );
}

function titleOf(known: boolean, fails: number, warns: number): string {
  if (!known) return "Looking…";
  if (fails + warns === 0) return "All is set up";
  const parts = [
    fails === 0 ? "" : `${fails} ${fails === 1 ? "thing fails" : "things fail"}`,
    warns === 0 ? "" : `${warns} to look at`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** Every 15 s of its own accord; says how old what is shown is. */
function CheckedAt({ cameAt }: { readonly cameAt: number | null }): VNode | null {
  const { second } = useApp();
  if (cameAt === null) return null;
  return <span class="fine">checked {span(second.value - cameAt)} ago, every 15 s</span>;
}

function Checks({ section: { title, checks } }: { readonly section: Section }): VNode {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
      </div>
      <ul class="checks">
        {checks.map((check) => (
          <li key={`${check.id} ${check.node ?? ""} ${check.title}`} data-tone={STATES[check.state].tone}>
            <Check check={check} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Check({ check: { state, title, detail, fix, node } }: { readonly check: DoctorCheck }): VNode {
  const { icon, word } = STATES[state];
  return (
    <>
      <span class="check-state">
        <Icon name={icon} />
        {word}
      </span>
      <div class="check-text">
        <p>
          <b>{title}</b>
          {node === null ? null : <span class="chip mono">{node}</span>}
        </p>
        {detail === "" ? null : <p class="check-detail">{detail}</p>}
        {fix === null ? null : <Fix fix={fix} title={title} />}
      </div>
    </>
  );
}

function Fix({ fix: { text, code }, title }: { readonly fix: DoctorFix; readonly title: string }): VNode {
  const app = useApp();
  return (
    <div class="fix">
      <p>{text}</p>
      {code === null ? null : (
        <div class="fix-code">
          <pre>
            <code>{code}</code>
          </pre>
          <button
            type="button"
            class="button"
            aria-label={`Copy what mends: ${title}`}
            onClick={() => app.copy(code, code.includes("\n") ? "Lines" : "Line")}
          >
            <Icon name="copy" />
            Copy
          </button>
        </div>
      )}
    </div>
  );
}
