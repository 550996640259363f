/** Latency below which all is well, seconds. */
export const HEALTHY_S = 0.1;
/** Latency above which to look for the cause, seconds. */
export const TROUBLE_S = 0.2;
