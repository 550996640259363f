import { useSignalEffect } from "@preact/signals";
import { MAX_TAIL_PER_SECOND } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import { type App, useApp } from "../../app-context.ts";
import { Card } from "../../components/card.tsx";
import { Icon } from "../../components/icon.tsx";
import { Snippet } from "../../components/snippet.tsx";
import { TailControl } from "./tail-control.ts";
import { TailList } from "./tail-list.tsx";

/** The messages themselves as they pass, when somebody asks for them. */
export function LiveTail(): VNode {
  const app = useApp();
  const box = useRef<HTMLDivElement>(null);
  const preset = app.route.params.value.tail ?? "";
  const control = useMemo(() => new TailControl(app, preset), [app, preset]);
  useEffect(() => {
    if (preset !== "") box.current?.scrollIntoView({ block: "start" });
    return () => control.close();
  }, [control]);
  useFollow(app, control);
  const state = control.state.value;
  return (
    <Card title="Live tail" span={12} liveOnly aside={<Switch control={control} />}>
      <div class="card-body tail" ref={box}>
        <Controls control={control} />
        <Notices control={control} />
        {state === "off" ? <WhatItDoes /> : <TailList control={control} />}
      </div>
    </Card>
  );
}

/** Another node is another tail, and a page that is paused stands still. */
function useFollow({ live }: App, control: TailControl): void {
  const node = useRef(live.node.peek());
  useSignalEffect(() => {
    const chosen = live.node.value;
    if (chosen === node.current) return;
    node.current = chosen;
    control.ask();
  });
  useSignalEffect(() => control.still("paused", live.paused.value));
}

function Switch({ control }: { readonly control: TailControl }): VNode {
  const on = control.state.value === "on";
  return (
    <label class="switch-label">
      <span class="sr-only">Live tail</span>
      <span aria-hidden="true">{on ? "On" : "Off"}</span>
      <input
        class="switch"
        type="checkbox"
        role="switch"
        aria-checked={on}
        checked={on}
        disabled={!on && control.mistake.value !== null}
        onChange={(event) => control.toggle(event.currentTarget.checked)}
      />
    </label>
  );
}

function Controls({ control }: { readonly control: TailControl }): VNode {
  const id = useId();
  const mistake = control.mistake.value;
  const perSecond = control.perSecond.value;
  return (
    <div class="tail-controls">
      <div class="tail-search">
        <label class="sr-only" for={`${id}-search`}>
          Show only messages that fit
        </label>
        <Icon name="search" />
        <input
          id={`${id}-search`}
          type="search"
          class="field mono"
          placeholder="chat dir:in event:chat:message user:ada ns:/chat connection:12"
          value={control.search.value}
          maxLength={256}
          aria-invalid={mistake !== null}
          aria-describedby={`${id}-mistake`}
          onInput={(event) => control.type(event.currentTarget.value)}
        />
      </div>
      <label class="tail-pace">
        At most <span class="pace">{perSecond}</span>/s
        <input
          type="range"
          min={1}
          max={MAX_TAIL_PER_SECOND}
          value={perSecond}
          aria-label="Most messages a second"
          aria-valuetext={`${perSecond} messages a second`}
          onInput={(event) => control.pace(Number(event.currentTarget.value))}
        />
      </label>
      <button type="button" class="button" onClick={() => control.clear()}>
        Clear
      </button>
      <p class="mistake" id={`${id}-mistake`} role="status">
        {mistake}
      </p>
    </div>
  );
}

function Notices({ control }: { readonly control: TailControl }): VNode | null {
  const { live } = useApp();
  const state = control.state.value;
  const before = useMemo(() => live.fault.peek(), [state, control.changed.value]);
  const fault = live.fault.value;
  if (state === "away")
    return (
      <p class="chip" data-tone="warn">
        <Icon name="waiting" />
        Ended after this page was hidden for 30 s. Switch it on to go on.
      </p>
    );
  if (state !== "on" || fault === null || fault === before) return null;
  return (
    <p class="chip" data-tone="crit" role="status">
      <Icon name="alert" />
      {fault.message}
    </p>
  );
}

function WhatItDoes(): VNode {
  return (
    <div class="tail-about">
      <p>
        Shows messages one by one, newest first: when, which way, event, connection, user and size. It is off because it
        costs: while it is on, each process compares every message with the search and sends up to the chosen number a
        second to this page. It ends when you leave the page or hide it for 30 s.
      </p>
      <p>
        Payloads never leave the process, but for fields that the application allows by name. Everything else reads{" "}
        <b class="mono">•••</b>.
      </p>
      <Snippet text={'await monitor({ io }, { tailFields: ["room", "type"] })'} />
    </div>
  );
}
