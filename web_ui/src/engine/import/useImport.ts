/** One file on its way into a module: upload, columns, dry run, commit, undo. */
import { computed, onUnmounted, ref, shallowRef } from 'vue'
import { api, ApiError } from '@/api/client'
import type { Job } from '@/api/types'
import { t } from '@/locale'
import { saveJobFile, useJobs } from '@/stores/jobs'
import { showProblem, wordsOf } from '@/ui/problem'
import { toast, toastError } from '@/ui/toast'
import { choose, PAGE_ROWS, toWrite, type Counts, type Decision, type Done, type Inspected, type JudgedPage, type JudgedRow, type Kind, type PastImport, type Undone, type Uploaded } from './model'

export type Step = 'file' | 'columns' | 'check' | 'done'

export function useImport(module: string) {
  const jobs = useJobs()
  const base = `/api/import/${encodeURIComponent(module)}`
  const step = ref<Step>('file')
  const about = shallowRef<Inspected | null>(null)
  const fields = shallowRef<string[]>([])
  const key = ref('')
  const counts = shallowRef<Counts | null>(null)
  const running = shallowRef<Job | null>(null)
  const busy = ref(false)
  const refusal = ref('')
  const page = shallowRef<JudgedPage | null>(null)
  const kind = ref<Kind>('bad')
  const all = ref<Decision>('skip')
  const own = shallowRef(new Map<number, Decision>())
  const known = shallowRef(new Map<number, JudgedRow>())
  const done = shallowRef<Done | null>(null)
  const undone = shallowRef<Undone | null>(null)
  const past = shallowRef<PastImport[]>([])
  const writes = computed(() => (counts.value ? toWrite(counts.value, all.value, own.value, known.value) : 0))
  const path = (): string => `${base}/${about.value?.id ?? ''}`

  /** Shows what was refused where the step stands; what nobody expected goes to the corner. */
  async function attempt<T>(work: () => Promise<T>): Promise<T | null> {
    if (busy.value) return null
    busy.value = true
    refusal.value = ''
    try {
      return await work()
    } catch (error) {
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 401) refusal.value = wordsOf(error).title
      else showProblem(error)
      return null
    } finally {
      busy.value = false
      running.value = null
    }
  }
  async function follow(job: Job): Promise<Job | null> {
    running.value = job
    const now = await jobs.follow(job)
    if (now.state === 'done') return now
    void loadPast() // something of it may have stayed, or is still to come
    refusal.value = now.state === 'failed' || now.result ? now.message : t('已停止，什么都没有写入。')
    return null
  }
  function stop(): void {
    if (running.value) void jobs.cancel(running.value.id).catch(showProblem)
  }

  // ---- the file -------------------------------------------------------------------------------------------------
  async function loadPast(): Promise<void> {
    past.value = await api.get<PastImport[]>(base).catch(() => [])
  }
  async function take(file: File): Promise<void> {
    await attempt(async () => {
      const uploaded = await api.upload<Uploaded>(base, file, { name: file.name })
      drop()
      show(await api.get<Inspected>(`${base}/${uploaded.id}`))
      step.value = 'columns'
    })
  }
  function show(next: Inspected): void {
    about.value = next
    fields.value = next.columns.map((column) => column.field)
    key.value = ''
    counts.value = null
  }
  async function look(sheet: string, head?: number): Promise<void> {
    await attempt(async () => show(await api.get<Inspected>(path(), { sheet, head })))
  }
  function take_(index: number, field: string): void { fields.value = choose(fields.value, index, field) }
  function drop(): void {
    if (about.value && !running.value) void api.delete(path()).catch(() => undefined)
    about.value = null
  }
  function again(): void {
    drop()
    counts.value = null
    done.value = null
    undone.value = null
    refusal.value = ''
    step.value = 'file'
    void loadPast()
  }

  // ---- dry run --------------------------------------------------------------------------------------------------
  async function check(): Promise<void> {
    const now = about.value
    if (!now) return
    await attempt(async () => {
      const job = await follow(await api.post<Job>(`${path()}/check`, { sheet: now.sheet, head: now.head, fields: fields.value, key: key.value }))
      if (!job) return
      counts.value = job.result as Counts
      own.value = new Map()
      known.value = new Map()
      all.value = 'skip'
      kind.value = counts.value.bad ? 'bad' : counts.value.twice ? 'twice' : 'plain'
      step.value = 'check'
      await load(0)
    })
  }
  async function load(offset: number): Promise<void> {
    const next = await api.get<JudgedPage>(`${path()}/rows`, { kind: kind.value, offset, limit: PAGE_ROWS })
    page.value = offset ? { ...next, rows: [...(page.value?.rows ?? []), ...next.rows] } : next
    known.value = new Map([...known.value, ...next.rows.map((row): [number, JudgedRow] => [row.number, row])])
  }
  async function showKind(next: Kind): Promise<void> {
    kind.value = next
    await load(0).catch(showProblem)
  }
  async function more(): Promise<void> { await load(page.value?.rows.length ?? 0).catch(showProblem) }
  function decide(number: number, decision: Decision | ''): void {
    const next = new Map(own.value)
    if (decision) next.set(number, decision)
    else next.delete(number)
    own.value = next
  }
  async function saveFile(call: string): Promise<void> {
    try {
      const started = await api.post<Job | { cancelled: true }>(call)
      if ('cancelled' in started) return
      const job = await jobs.follow(started)
      if (job.state === 'failed') toastError(job.message)
      else if (job.path) toast(t('已存到 {path}', { path: job.path }))
      else if (job.state === 'done') await saveJobFile(job)
    } catch (error) {
      showProblem(error)
    }
  }
  const saveErrors = (): Promise<void> => saveFile(`${path()}/errors`)
  const saveTemplate = (): Promise<void> => saveFile(`${base}/template`)

  // ---- commit and undo ------------------------------------------------------------------------------------------
  async function commit(): Promise<void> {
    await attempt(async () => {
      const rows = Object.fromEntries([...own.value].map(([number, decision]) => [String(number), decision]))
      const job = await follow(await api.post<Job>(`${path()}/commit`, { twice: all.value, rows }))
      if (!job) return
      done.value = job.result as Done
      undone.value = null
      step.value = 'done'
    })
  }
  const previewUndo = (batch: string): Promise<Undone | null> => attempt(() => api.get<Undone>(`${base}/${batch}/undo`))
  async function undo(batch: string): Promise<Undone | null> {
    return attempt(async () => {
      const job = await follow(await api.post<Job>(`${base}/${batch}/undo`))
      if (!job) return null
      undone.value = job.result as Undone
      await loadPast()
      return undone.value
    })
  }
  onUnmounted(drop)
  return { step, about, fields, key, counts, running, busy, refusal, page, kind, all, own, done, undone, past, writes, loadPast, take, look, take_, again, check, showKind, more, decide, saveErrors, saveTemplate, commit, previewUndo, undo, stop }
}
