/** Makes the PDF of a list anew whenever what it is made from changes; the last one wins, and nothing is left behind. */
import { onUnmounted, ref, shallowRef } from 'vue'
import { api } from '@/api/client'
import type { Job } from '@/api/types'
import { useJobs } from '@/stores/jobs'
import { toast } from '@/ui/toast'
import { t } from '@/locale'
import { showProblem } from '@/ui/problem'
import { closePdf, openPdf, printPdf, type PDFDocumentProxy } from './pdf'

interface Made { job: Job; file: Blob; rows: number }

/** What is asked for, and where. */
export interface Ask { path: string; body: object }

export function usePrintJob() {
  const jobs = useJobs()
  const pdf = shallowRef<PDFDocumentProxy | null>(null)
  const made = shallowRef<Made | null>(null)
  const running = shallowRef<Job | null>(null)
  /** the pages are not yet those that were asked for last */
  const making = ref(false)
  const failure = shallowRef<unknown>(null)
  /** words instead of pages: nothing to print, too many columns */
  const refusal = ref('')
  let turn = 0

  function drop(job: Job): void {
    jobs.forget(job.id)
    void api.delete(`/api/jobs/${job.id}/file`).catch(() => undefined)
  }
  async function clear(): Promise<void> {
    const old = pdf.value
    if (made.value) drop(made.value.job)
    made.value = null
    pdf.value = null
    if (old) await closePdf(old)
  }
  function stop(): void {
    turn++
    making.value = false
    if (running.value) drop(running.value)
    running.value = null
  }
  async function make(ask: () => Promise<Ask>): Promise<void> {
    stop()
    const mine = turn
    making.value = true
    failure.value = null
    refusal.value = ''
    let job: Job | null = null
    try {
      const { path, body } = await ask()
      job = await api.post<Job>(path, body)
      if (mine !== turn) return drop(job)
      running.value = job
      const done = await jobs.follow(job)
      if (mine !== turn) return
      running.value = null
      if (done.state !== 'done') {
        await clear()
        refusal.value = done.state === 'failed' ? done.message : t('已停止，没有做完。')
        return drop(done)
      }
      const { blob } = await api.file(`/api/jobs/${done.id}/view`)
      const next = await openPdf(await blob.arrayBuffer())
      if (mine !== turn) { await closePdf(next); return drop(done) }
      await clear()
      jobs.forget(done.id)
      made.value = { job: done, file: new Blob([blob], { type: 'application/pdf' }), rows: (done.result as { rows: number }).rows }
      pdf.value = next
    } catch (error) {
      if (mine !== turn) return
      running.value = null
      await clear()
      failure.value = error
      if (job) drop(job)
    } finally {
      if (mine === turn) making.value = false
    }
  }
  async function save(): Promise<void> {
    if (!made.value) return
    try {
      const answer = await api.post<{ path?: string; download?: string; cancelled?: true }>(`/api/jobs/${made.value.job.id}/save`)
      if (answer.path) toast(t('已存到 {path}', { path: answer.path }))
      else if (answer.download) {
        const link = document.createElement('a')
        link.href = URL.createObjectURL(made.value.file)
        link.download = answer.download
        link.click()
        setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
      }
    } catch (error) {
      showProblem(error)
    }
  }
  async function print(): Promise<void> {
    if (!made.value) return
    try {
      const answer = await api.post<{ by: 'page' | 'window' }>(`/api/jobs/${made.value.job.id}/print`)
      if (answer.by === 'page') await printPdf(made.value.file)
    } catch (error) {
      showProblem(error)
    }
  }
  onUnmounted(() => { stop(); void clear() })
  return { pdf, made, running, making, failure, refusal, make, stop, save, print }
}
