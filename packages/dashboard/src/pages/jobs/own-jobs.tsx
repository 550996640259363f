import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { lazy } from "../../components/lazy.tsx";
import { Logo } from "../../components/logo.tsx";
import { ToastList } from "../../components/toasts.tsx";
import { setParams } from "../address.ts";
import { createHubAsk } from "../alerts/hub-ask.ts";
import { JobMemory, readKey } from "./job-memory.ts";
import { createJobsApi } from "./jobs-api.ts";
import { JobList } from "./list.tsx";
import "../../style/components.css";
import "../../style/jobs.css";

const JobDrawer = lazy(async () => (await import("./drawer.tsx")).JobDrawer, "shell");

/** All that people see who may only look at their own jobs. */
export function OwnJobs(): VNode {
  const app = useApp();
  const { live, route } = app;
  const api = useMemo(
    () => createJobsApi(createHubAsk(new URL(document.baseURI), (input, init) => fetch(input, init), "")),
    [],
  );
  const memory = useMemo(() => new JobMemory(() => null), []);
  const open = readKey(route.params.value.open);
  return (
    <div class="own-jobs">
      <header>
        <Logo />
        <h1>Your jobs</h1>
        <span class="fine truncate">{live.principal.value?.sub}</span>
        <button type="button" class="button" onClick={() => live.signOut().catch(reportError)}>
          Sign out
        </button>
      </header>
      <main id="main" class="card" tabIndex={-1}>
        <JobList
          api={api}
          memory={memory}
          queue={null}
          users={false}
          held={open !== null}
          onOpen={(key) => setParams(route, { open: key })}
        />
      </main>
      {open === null ? null : (
        <JobDrawer
          key={`${open.queue}/${open.id}`}
          api={api}
          memory={memory}
          name={open}
          onClose={() => setParams(route, { open: "" })}
        />
      )}
      <ToastList />
      <p class="sr-only" role="status" aria-live="polite">
        {app.said.value}
      </p>
    </div>
  );
}
