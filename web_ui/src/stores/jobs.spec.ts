// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { api } from '@/api/client'
import type { Job } from '@/api/types'
import { useJobs } from './jobs'

vi.mock('@/api/events', () => ({ onServerEvent: () => () => undefined }))
const job = (id: string, more: Partial<Job> = {}): Job => ({ id, kind: 'export', label: id, state: 'done', done: 1, total: 1, message: '', stops: true, ...more })

beforeEach(() => { vi.useFakeTimers(); setActivePinia(createPinia()) })

it('takes ended ones off the list, but neither what runs nor a file that nobody fetched', async () => {
  const jobs = useJobs()
  jobs.jobs = [job('runs', { state: 'running' }), job('failed', { state: 'failed' }), job('file', { download: 'a.xlsx' }), job('saved', { path: '/a' })]
  const post = vi.spyOn(api, 'post').mockResolvedValue({ ok: true })
  await jobs.clear()
  expect(post).toHaveBeenCalledWith('/api/jobs/forget', { ids: ['failed', 'saved'] })
  expect(jobs.jobs.map((one) => one.id)).toEqual(['runs', 'file'])
  jobs.fetched('file')
  expect(jobs.jobs.at(-1)?.download).toBeUndefined()
  expect(jobs.done.map((one) => one.id)).toEqual(['file'])
})
