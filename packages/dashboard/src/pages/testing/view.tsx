import { TEST_KINDS } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { lazy } from "../../components/lazy.tsx";
import { setParams } from "../address.ts";
import { markTests } from "./badge.tsx";
import { Run } from "./run.tsx";
import { Saved } from "./saved.tsx";
import { Start } from "./start.tsx";
import { createTestsApi } from "./tests-api.ts";
import { useTest, useTests } from "./use-tests.ts";
import "../../style/testing.css";
import { Notice } from "../../components/notice.tsx";

const Compare = lazy(async () => (await import("./compare.tsx")).Compare);

/** Runs tests, follows the one that runs, and keeps what they came to. */
export function Testing(): VNode {
  const app = useApp();
  const { route, live } = app;
  const api = useMemo(() => createTestsApi(new URL(document.baseURI), (input, init) => fetch(input, init)), []);
  const { list, problem, refresh } = useTests(api);
  const { run = "", compare = "", kind: wanted = "" } = route.params.value;
  const chosen = compare.split(",").filter((id) => id !== "");
  // Whoever looks at nothing in particular sees what runs, be it somebody else's.
  const shown = run !== "" ? run : (list?.running ?? null);
  const followed = useTest(api, shown);
  useEffect(() => {
    if (list !== null) markTests(app, list.tests);
  }, [list]);
  const admin = live.principal.value?.role === "admin";
  const kind = TEST_KINDS.find((one) => one === wanted) ?? "load";
  const change = (params: Readonly<Record<string, string>>) => setParams(route, params);
  if (list === null)
    return problem === null ? (
      <section class="card" aria-label="Tests">
        <EmptyState icon="waiting" title="Asking the hub" why="What can be tested, and what was." />
      </section>
    ) : (
      <Notice tone="crit">The hub could not be asked about tests: {problem}</Notice>
    );
  const pair = pairOf(chosen, list.tests);
  return (
    <div class="testing">
      {problem === null ? null : <Notice tone="warn">What is below may be old: {problem}</Notice>}
      <Start
        key={list.targets.length === 0 ? "none" : "some"}
        api={api}
        list={list}
        admin={admin}
        kind={kind}
        onKind={(next) => change({ kind: next === "load" ? "" : next })}
        onStarted={(id) => {
          change({ run: id });
          refresh();
        }}
      />
      {shown === null ? null : followed.test === null ? (
        followed.problem === null ? null : (
          <Notice tone="crit">This test could not be shown: {followed.problem}</Notice>
        )
      ) : (
        <Run
          key={followed.test.id}
          api={api}
          test={followed.test}
          course={followed.course}
          admin={admin}
          onClose={() => change({ run: "" })}
        />
      )}
      {pair === null ? null : (
        <Compare key={pair.join()} api={api} ids={pair} onClose={() => change({ compare: "" })} />
      )}
      <Saved
        tests={list.tests}
        shown={shown}
        chosen={chosen}
        onShow={(id) => change({ run: id })}
        onChoose={(ids) => change({ compare: ids.join(",") })}
      />
    </div>
  );
}

/** The older one first. */
function pairOf(
  chosen: readonly string[],
  tests: readonly { readonly id: string; readonly startedAt: number }[],
): readonly [string, string] | null {
  const [one, other] = chosen;
  if (one === undefined || other === undefined) return null;
  const at = (id: string) => tests.find((test) => test.id === id)?.startedAt ?? 0;
  return at(one) <= at(other) ? [one, other] : [other, one];
}
