/** A process as `/proc/PID/stat` tells it. */
export interface ProcessStat {
  readonly pid: number;
  /** Name of its program, cut by the kernel; the process can change it. */
  readonly name: string;
  /** One letter. */
  readonly state: string;
  readonly parent: number;
  /** CPU time it took so far, in ticks of the kernel. */
  readonly ticks: number;
  readonly threads: number;
  /** Ticks from the start of the system to its own. */
  readonly startTicks: number;
  readonly residentPages: number;
}

/** `null` when the text is no such line. A name may hold blanks, parentheses and line ends: it goes to the last `)`. */
export function parseProcessStat(text: string): ProcessStat | null {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const fields = text.slice(close + 2).split(" ", 22);
  const [state, parent] = fields;
  const number = (field: number): number => Number(fields[field]);
  if (open < 1 || close < open || state === undefined || fields.length < 22) return null;
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    state,
    parent: Number(parent),
    ticks: number(11) + number(12),
    threads: number(17),
    startTicks: number(19),
    residentPages: number(21),
  };
}
