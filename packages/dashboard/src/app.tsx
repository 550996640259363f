import { useSignalEffect } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { type App, useApp } from "./app-context.ts";
import { Banners } from "./components/banners.tsx";
import { Header } from "./components/header.tsx";
import { lazy } from "./components/lazy.tsx";
import { BottomTabs, Sidebar } from "./components/sidebar.tsx";
import { ToastList } from "./components/toasts.tsx";
import { findPage } from "./pages/index.ts";
import { shellOnScreen } from "./shell.ts";

const CommandPalette = lazy(async () => (await import("./components/command-palette.tsx")).CommandPalette, "shell");
const DataTableDialog = lazy(async () => (await import("./components/data-table.tsx")).DataTableDialog, "shell");
const HelpDialog = lazy(async () => (await import("./components/help.tsx")).HelpDialog, "shell");
/** The rail's place is kept by its frame. */
const Rail = lazy(async () => (await import("./rail/rail.tsx")).Rail, "shell");
/** What fires does not hold up the first view. */
const AlertWatch = lazy(async () => {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return (await import("./watch/alert-watch.tsx")).AlertWatch;
}, "aside");
/** Those who may only look at their own jobs have a page of their own. */
const OwnJobs = lazy(async () => (await import("./pages/jobs/own-jobs.tsx")).OwnJobs);
const SignInSheet = lazy(async () => (await import("./components/sign-in.tsx")).SignInSheet, "shell");

/**
 * The whole window. It reads no signal and so renders once: the provider above
 * keeps its first vnode for good, and Preact links an old vnode to all that
 * came after it, so that a shell that rendered again would keep every page it
 * ever showed.
 */
export function Shell(): VNode {
  return <ByRole />;
}

function ByRole(): VNode {
  return useApp().live.principal.value?.role === "user" ? <OwnJobs /> : <Layout />;
}

/** What is the same on every page, and the page. */
function Layout(): VNode {
  const app = useApp();
  const page = findPage(app.route.page.value);
  const { Component } = page;
  useEffect(() => app.live.use(shellOnScreen), [app]);
  useEffect(() => app.live.use(page.onScreen), [app, page]);
  useSignalEffect(() => showInTab(app, page.title));
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to content
      </button>
      <Sidebar />
      <div class="app" data-offline={isOffline(app) && app.live.past.value === null ? "" : undefined}>
        <Header page={page} />
        <main class="main" id="main" tabIndex={-1}>
          <Banners />
          <Component key={page.id} />
        </main>
      </div>
      <TimeRail />
      <BottomTabs />
      <ToastList />
      <Overlays />
      <p class="sr-only" role="status" aria-live="polite">
        {app.said.value}
      </p>
    </>
  );
}

function TimeRail(): VNode {
  return (
    <section class="rail" aria-label="Time">
      <Rail />
    </section>
  );
}

function Overlays(): VNode {
  const app = useApp();
  const table = app.dataTable.value;
  return (
    <>
      <AlertWatch />
      {app.live.status.value.state === "signed-out" ? <SignInSheet /> : null}
      {app.dialog.value === "palette" ? <CommandPalette /> : null}
      {app.dialog.value === "help" ? <HelpDialog /> : null}
      {table === null ? null : <DataTableDialog table={table} />}
    </>
  );
}

function isOffline(app: App): boolean {
  return app.live.status.value.state === "offline";
}

/** Tells by title and icon of the tab when the page is not live. */
function showInTab(app: App, title: string): void {
  const offline = isOffline(app);
  document.title = `${offline ? "(!) " : ""}${title} · wsight`;
  const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  const href = offline ? "./icon-offline.svg" : "./icon.svg";
  if (icon !== null && icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}
