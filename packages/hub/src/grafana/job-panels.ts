import { type PanelQuery, type Section, WINDOW } from "./panel.ts";

/** Figures of queues belong to the hub, not to a process or service: the choice of those does not concern them. */
const EVERY = 'queue=~".+"';

function percentileBy(q: number, metric: string): PanelQuery {
  return {
    expr: `histogram_quantile(${q}, sum by (le, queue) (rate(${metric}_bucket{${EVERY}}[${WINDOW}])))`,
    legend: `{{queue}} p${q * 100}`,
  };
}

/** Queues and the workers that empty them. */
export const JOBS: Section = {
  title: "Jobs",
  panels: [
    {
      title: "Jobs that wait",
      help: "Waiting jobs of each queue",
      unit: "short",
      shape: "lines",
      width: 8,
      queries: [{ expr: `max by (queue) (queue_jobs{${EVERY},queue_job_state="waiting"})`, legend: "{{queue}}" }],
    },
    {
      title: "Jobs under way, and those to come",
      help: "Active and delayed jobs of all queues",
      unit: "short",
      shape: "lines",
      width: 8,
      queries: [
        {
          expr: `sum by (queue_job_state) (queue_jobs{${EVERY},queue_job_state=~"active|delayed"})`,
          legend: "{{queue_job_state}}",
        },
      ],
    },
    {
      title: "Jobs a second",
      help: "Added, ended well, failed for good",
      unit: "cps",
      shape: "lines",
      width: 8,
      queries: [
        { expr: `sum(rate(queue_jobs_added_total{${EVERY}}[${WINDOW}]))`, legend: "added" },
        {
          expr: `sum by (queue_job_outcome) (rate(queue_jobs_ended_total{${EVERY}}[${WINDOW}]))`,
          legend: "{{queue_job_outcome}}",
        },
      ],
    },
    {
      title: "Processing of jobs",
      help: "From start to end",
      unit: "s",
      shape: "lines",
      width: 8,
      queries: [0.5, 0.95].map((q) => percentileBy(q, "queue_job_duration_seconds")),
    },
    {
      title: "Wait of jobs",
      help: "From being ready to the first start",
      unit: "s",
      shape: "lines",
      width: 8,
      queries: [0.5, 0.95].map((q) => percentileBy(q, "queue_job_wait_seconds")),
    },
    {
      title: "Workers in use",
      help: "Share of the places of each queue's workers in use",
      unit: "percentunit",
      shape: "lines",
      width: 8,
      queries: [{ expr: `max by (queue) (queue_worker_utilization_ratio{${EVERY}})`, legend: "{{queue}}" }],
    },
  ],
};
