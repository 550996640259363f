import { TEST_REPORTS, type TestRecord } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import { lazy } from "../../components/lazy.tsx";
import { Notice } from "../../components/notice.tsx";
import { span } from "../../format/quantity.ts";
import { LoadCourse } from "./load-course.tsx";
import { EchoCourse, EchoOutcome, PoolOutcome, Steps } from "./small-results.tsx";
import type { TestsApi } from "./tests-api.ts";
import type { Followed } from "./use-tests.ts";
import { nameOf, STATES } from "./words.ts";

const LoadOutcome = lazy(async () => (await import("./load-result.tsx")).LoadOutcome);

interface RunProps {
  readonly api: TestsApi;
  readonly test: TestRecord;
  readonly course: readonly Followed[];
  readonly admin: boolean;
  readonly onClose: () => void;
}

/** One test: how it goes while it runs, what it came to afterwards. */
export function Run({ api, test, course, admin, onClose }: RunProps): VNode {
  const { clock, second, live } = useApp();
  const { icon, tone, word } = STATES[test.state];
  const title = `${nameOf(test)}: ${word.toLowerCase()}`;
  const running = test.state === "running";
  const mine = test.by === live.principal.value?.sub;
  const took = (test.endedAt ?? Math.max(second.value, test.startedAt)) - test.startedAt;
  return (
    <section class="card" aria-label={`${nameOf(test)}: ${test.target}`}>
      <div class="state" data-tone={tone}>
        <span class="state-tile">
          <Icon name={icon} />
        </span>
        <div class="state-text">
          <h2>{title}</h2>
          <span class="sr-only" role="status">
            {title}
          </span>
          <p>
            <span class="mono wrap">{test.target}</span> · {mine && running ? "yours" : `by ${test.by}`} ·{" "}
            {clock.value.day(test.startedAt)} {clock.value.time(test.startedAt)} · {span(took)}
          </p>
        </div>
        <div class="form-actions">
          {running ? (
            <Cancel api={api} test={test} admin={admin} />
          ) : (
            <>
              <Reports api={api} test={test} />
              <button type="button" class="button" data-kind="bare" aria-label="Close this result" onClick={onClose}>
                <Icon name="close" />
              </button>
            </>
          )}
        </div>
      </div>
      {test.error === null ? null : (
        <Notice tone="crit">
          {test.error.message} <span class="fine">({test.error.code})</span>
        </Notice>
      )}
      {test.state === "cancelled" && test.result !== null ? (
        <Notice tone="warn">Ended before its time: the figures are of what was run.</Notice>
      ) : null}
      <Body test={test} course={course} />
    </section>
  );
}

function Body({ test, course }: Pick<RunProps, "test" | "course">): VNode | null {
  const waiting = test.state === "running" ? <p class="card-line">Starting…</p> : null;
  switch (test.kind) {
    case "load":
      if (test.result !== null) return <LoadOutcome result={test.result} />;
      return test.progress === null || test.error !== null ? (
        waiting
      ) : (
        <LoadCourse progress={test.progress} course={course} />
      );
    case "echo":
      if (test.result !== null) return <EchoOutcome result={test.result} />;
      return test.progress === null ? waiting : <EchoCourse progress={test.progress} />;
    case "server": {
      const steps = test.result?.steps ?? test.progress?.steps;
      return steps === undefined ? waiting : <Steps steps={steps} />;
    }
    case "pool":
      return test.result === null ? waiting : <PoolOutcome result={test.result} />;
  }
}

function Cancel({ api, test, admin }: Pick<RunProps, "api" | "test" | "admin">): VNode | null {
  const [state, setState] = useState<"idle" | "asked" | { readonly problem: string }>("idle");
  if (!admin) return <span class="fine">Administrators can cancel it.</span>;
  return (
    <>
      {typeof state === "object" ? (
        <p class="mistake" role="alert">
          {state.problem}
        </p>
      ) : null}
      <button
        type="button"
        class="button"
        data-kind="danger"
        aria-disabled={state === "asked"}
        onClick={() => {
          if (state === "asked") return;
          setState("asked");
          api.cancel(test.id).catch((error: unknown) => {
            setState({ problem: error instanceof Error ? error.message : "The hub refused" });
          });
        }}
      >
        {state === "asked" ? "Ending…" : "Cancel test"}
      </button>
    </>
  );
}

const REPORT_NAMES = { html: "HTML", json: "JSON", junit: "JUnit", hgrm: "hgrm" } as const;

function Reports({ api, test: { id, kind, result } }: Pick<RunProps, "api" | "test">): VNode | null {
  if (result === null) return null;
  const formats = kind === "load" ? TEST_REPORTS : (["json"] as const);
  return (
    <ul class="reports" aria-label="Reports to download">
      {formats.map((format) => (
        <li key={format}>
          <a class="button" href={api.reportHref(id, format)} download>
            <Icon name="download" />
            {REPORT_NAMES[format]}
          </a>
        </li>
      ))}
    </ul>
  );
}
