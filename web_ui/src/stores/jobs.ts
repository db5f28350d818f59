/** Long work of the server: progress in the status bar, a toast at the end. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api } from '@/api/client'
import { onServerEvent } from '@/api/events'
import type { Job } from '@/api/types'

/** Jobs of a page that shows itself how they end; what they made belongs to it. */
export const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['print', 'fill', 'import-check', 'import', 'import-undo'])
/** kinds whose end is told in a few words */
export const TOLD_WHEN_DONE: ReadonlySet<string> = new Set(['import', 'import-undo', 'import-finished'])

export const useJobs = defineStore('jobs', () => {
  const jobs = ref<Job[]>([])
  const running = computed(() => jobs.value.filter((job) => job.state === 'running'))
  const waiting = new Map<string, (job: Job) => void>()
  /** a quick job has ended before the answer to its start, which says it runs, is here */
  const ended = new Map<string, Job>()

  function take(job: Job): void {
    if (job.state === 'running' && ended.has(job.id)) return
    const at = jobs.value.findIndex((j) => j.id === job.id)
    if (at < 0) jobs.value.push(job)
    else jobs.value[at] = job
    if (job.state === 'running') return
    ended.set(job.id, job)
    waiting.get(job.id)?.(job)
    waiting.delete(job.id)
    if (TOLD_ELSEWHERE.has(job.kind)) forget(job.id)
  }
  async function load(): Promise<void> {
    for (const job of await api.get<Job[]>('/api/jobs')) take(job)
  }
  async function refresh(): Promise<void> {
    for (const { id } of running.value) take(await api.get<Job>(`/api/jobs/${id}`))
  }
  /** Follows a job to its end, whichever way it ends. */
  function follow(job: Job): Promise<Job> {
    take(job)
    const now = ended.get(job.id)
    return now ? Promise.resolve(now) : new Promise((resolve) => waiting.set(job.id, resolve))
  }
  async function cancel(id: string): Promise<void> {
    await api.delete(`/api/jobs/${id}`)
  }
  function forget(id: string): void {
    jobs.value = jobs.value.filter((job) => job.id !== id)
  }
  /** ended, and without a file that somebody still has to fetch */
  const done = computed(() => jobs.value.filter((job) => job.state !== 'running' && !job.download))
  function fetched(id: string): void {
    jobs.value = jobs.value.map((job) => {
      if (job.id !== id) return job
      const { download: _, ...rest } = job
      return rest
    })
  }
  /** Off the list for good: they do not come back when the page is opened anew. */
  async function clear(which: Job[] = done.value): Promise<void> {
    const ids = which.map((job) => job.id)
    await api.post('/api/jobs/forget', { ids })
    ids.forEach(forget)
  }
  onServerEvent('job', ({ job }) => take(job))
  // events may be lost while the stream reconnects: look now and then while something runs
  setInterval(() => { if (running.value.length) void refresh().catch(() => undefined) }, 3000)
  return { jobs, running, done, load, follow, cancel, forget, fetched, clear }
})

/** Hands a finished file to the browser (browser mode; in the window the server has written it already). */
export async function saveJobFile(job: Job): Promise<void> {
  const { blob, name } = await api.file(`/api/jobs/${job.id}/file`)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  useJobs().fetched(job.id) // it is handed out once
}
