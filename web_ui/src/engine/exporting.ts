/** Follows an export to its end: where it was written to, or the file for the browser. */
import type { Job } from '@/api/types'
import { t } from '@/locale'
import { saveJobFile, useJobs } from '@/stores/jobs'
import { toast, toastError } from '@/ui/toast'

export async function finishExport(started: Job | { cancelled: true }, label: string): Promise<void> {
  if ('cancelled' in started) return
  const job = await useJobs().follow(started)
  if (job.state === 'failed') toastError(job.message || t('导出没有完成'))
  if (job.state !== 'done') return
  if (job.path) toast(t('已导出到 {path}', { path: job.path }))
  else {
    await saveJobFile(job)
    toast(t('{label}已导出。', { label }))
  }
}
