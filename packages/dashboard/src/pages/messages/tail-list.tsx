import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import { Snippet } from "../../components/snippet.tsx";
import { bytes, count, join } from "../../format/quantity.ts";
import { connectionHref } from "../connection-link.ts";
import type { NumberedRow } from "./tail-buffer.ts";
import type { TailControl } from "./tail-control.ts";

const WIDE_ROW_PX = 28;
const NARROW_ROW_PX = 48;
const NARROW = "(max-width: 719px)";
/** Rows drawn beyond both edges of the list. */
const MARGIN = 4;

/** The rows, of which only those in sight are drawn. It stands still while somebody points at it, scrolls or reads. */
export function TailList({ control }: { readonly control: TailControl }): VNode {
  control.changed.value;
  const list = useRef<HTMLDivElement>(null);
  const [scrolled, setScrolled] = useState(0);
  const [open, setOpen] = useState<NumberedRow | null>(null);
  const rowPx = useRowHeight();
  const { rows } = control.buffer;
  const visible = Math.ceil((list.current?.clientHeight ?? 340) / rowPx);
  const first = Math.max(0, Math.floor(scrolled / rowPx) - MARGIN);
  const shown = rows.slice(first, first + visible + 2 * MARGIN);
  const choose = (row: NumberedRow | null) => {
    setOpen(row);
    control.still("reading", row !== null);
  };
  const toTop = () => {
    list.current?.scrollTo({ top: 0 });
    setScrolled(0);
    choose(null);
    control.still("scrolled", false);
  };
  return (
    <>
      <div class="tail-bar">
        <span class="fine">
          {join(count(rows.length))} shown · {join(count(control.buffer.passed))} passed by, not shown
        </span>
        <Held control={control} onShow={toTop} />
      </div>
      <section
        class="tail-list"
        ref={list}
        aria-label="Messages, newest first"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={(event) => {
          setScrolled(event.currentTarget.scrollTop);
          control.still("scrolled", event.currentTarget.scrollTop > rowPx / 2);
        }}
        onPointerEnter={() => control.still("pointed", true)}
        onPointerLeave={() => control.still("pointed", false)}
        onFocusIn={() => control.still("focused", true)}
        onFocusOut={() => control.still("focused", false)}
      >
        {rows.length === 0 ? <p class="tail-none">Waiting for a message that fits.</p> : null}
        <ul style={{ height: `${rows.length * rowPx}px` }}>
          {shown.map((row, index) => (
            <li
              key={row.number}
              class="tail-slot"
              style={{ top: `${(first + index) * rowPx}px`, height: `${rowPx}px` }}
            >
              <Row row={row} open={open?.number === row.number} onOpen={choose} />
            </li>
          ))}
        </ul>
      </section>
      {open === null ? null : <Details row={open} onClose={() => choose(null)} />}
    </>
  );
}

function useRowHeight(): number {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const follow = () => setNarrow(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  return narrow ? NARROW_ROW_PX : WIDE_ROW_PX;
}

function Held({ control, onShow }: { readonly control: TailControl; readonly onShow: () => void }): VNode | null {
  control.changed.value;
  const reasons = control.reason.value;
  if (reasons.size === 0) return null;
  const { held } = control.buffer;
  // It flows again by itself as soon as the pointer leaves, which it does on the way to a button.
  if (!reasons.has("scrolled") && !reasons.has("reading"))
    return (
      <span class="chip">
        <Icon name="pause" />
        {held === 0 ? "Standing still" : `${held} held`}
      </span>
    );
  return (
    <button type="button" class="button held" onClick={onShow}>
      <Icon name="pause" />
      {held === 0 ? "Go on" : `${held} held · show`}
    </button>
  );
}

interface RowProps {
  readonly row: NumberedRow;
  readonly open: boolean;
  readonly onOpen: (row: NumberedRow | null) => void;
}

function Row({ row, open, onOpen }: RowProps): VNode {
  return (
    <button type="button" class="tail-row" aria-expanded={open} onClick={() => onOpen(open ? null : row)}>
      <Time at={row.at} />
      <span class="tail-event">
        <Icon name={row.direction} />
        <span class="sr-only">{row.direction} </span>
        <span class="mono truncate">{row.event}</span>
      </span>
      <span class="num">{join(bytes(row.bytes))}</span>
      <span class="truncate">{row.user ?? (row.connection === null ? "" : `#${row.connection}`)}</span>
      <span class="truncate mono">{row.namespace ?? ""}</span>
      <span class="truncate mono fields">{inline(row)}</span>
    </button>
  );
}

function Time({ at }: { readonly at: number }): VNode {
  const { clock } = useApp();
  const ms = String(Math.floor(at % 1000)).padStart(3, "0");
  return (
    <time>
      {clock.value.time(at)}
      <small>.{ms}</small>
    </time>
  );
}

function inline({ fields }: NumberedRow): string {
  return fields === null ? "•••" : fields.map(([name, value]) => `${name}: ${value}`).join("  ");
}

function Details({ row, onClose }: { readonly row: NumberedRow; readonly onClose: () => void }): VNode {
  const { route } = useApp();
  return (
    <section class="tail-details" aria-label="Message">
      <button type="button" class="button" data-kind="bare" aria-label="Close" onClick={onClose}>
        <Icon name="close" />
      </button>
      <dl>
        <Fact name="Event" value={row.event} />
        <Fact name="Direction" value={row.direction} />
        <Fact name="Library" value={row.library} />
        <Fact name="Node" value={row.node} />
        <Fact name="Namespace" value={row.namespace} />
        <Fact name="User" value={row.user} />
        <Fact name="Size" value={join(bytes(row.bytes))} />
        {row.connection === null ? null : (
          <>
            <dt>Connection</dt>
            <dd>
              <a href={connectionHref(route, row.node, row.connection)}>#{row.connection}</a>
            </dd>
          </>
        )}
        {row.fields?.map(([name, value]) => (
          <Fact key={name} name={name} value={value} />
        ))}
      </dl>
      {row.fields === null ? (
        <div class="fine">
          <p>The payload stays in the process. To see fields of it, allow them by name:</p>
          <Snippet text={'await monitor({ io }, { tailFields: ["room", "type"] })'} />
        </div>
      ) : null}
    </section>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string | null }): VNode | null {
  if (value === null) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd class="mono">{value}</dd>
    </>
  );
}
