/** A table that the server writes as a file: follows the job and says where the file is. */
import { api } from '@/api/client'
import type { Job } from '@/api/types'
import { t } from '@/locale'
import { saveJobFile, useJobs } from '@/stores/jobs'
import { showProblem } from '@/ui/problem'
import { toast, toastError } from '@/ui/toast'

export async function takeAlong(path: string, asked: object, label: string): Promise<void> {
  try {
    const started = await api.post<Job | { cancelled: true }>(path, asked)
    if ('cancelled' in started) return
    const job = await useJobs().follow(started)
    if (job.state !== 'done') return void (job.state === 'failed' && toastError(job.message || t('导出没有完成')))
    if (!job.path) await saveJobFile(job)
    toast(job.path ? t('已导出到 {path}', { path: job.path }) : t('{label}已导出。', { label }))
  } catch (error) {
    showProblem(error)
  }
}
